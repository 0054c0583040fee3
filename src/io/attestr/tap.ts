import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'

/** Keeps what has arrived on a connection from being read, and so the other side from sending more. */
export interface Tap {
  shut(): void
  /** Reading goes on at once. Not to be called while the connection is being read. */
  open(): void
  /** Reading goes on when the connection is next read. */
  unlock(): void
}

export interface Taps {
  /** A connector whose connections have a tap. */
  fit(connector: buildConnector.connector): buildConnector.connector
  /** Of the connection being read now: right inside the callbacks of an answer. */
  current(): Tap | null
}

/**
 * Taps for the connections of one HTTP client.
 *
 * They take the place of the client's own pause, which ends the process with a failed assertion when the other side
 * closes or resets a paused connection that is not kept (undici issue 5360; mended in version 8 alone).
 * The client reads a connection and calls back in one go, so the one read last is the one being read.
 */
export function createTaps(): Taps {
  let current: Tap | null = null

  function tapOf(socket: Socket): void {
    const read = socket.read.bind(socket)
    let shut = false
    const tap: Tap = {
      shut() {
        shut = true
      },
      open() {
        if (!shut) return
        shut = false
        socket.emit('readable')
      },
      unlock() {
        shut = false
      },
    }
    socket.read = (size?: number) => {
      // A read of nothing is Node's own way to fill its buffer.
      if (size === 0) return read(0)
      if (shut) return null
      current = tap
      return read(size)
    }
  }

  return {
    fit: (connector) => (options, callback) => {
      connector(options, (...result) => {
        // Without a connection there is an error, and in truth no second argument.
        if (result[0] === null) tapOf(result[1])
        callback(...result)
      })
    },
    current: () => current,
  }
}
