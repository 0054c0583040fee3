import type { EventReader, ResultApi } from '../core/ports.js'

/** The API, which tells of each call that has ended. */
export function watchCalls(api: ResultApi, onEnd: () => void): ResultApi {
  return {
    async call(request) {
      const answer = await api.call(request)
      onEnd()
      return answer
    },
    close: () => api.close(),
  }
}

/** A reader that had to ask the registry gives a promise: when it is kept, the registry has answered. */
export function watchAnswers(reader: EventReader, onAnswer: () => void): EventReader {
  return {
    read(framed) {
      const read = reader.read(framed)
      if (!(read instanceof Promise)) return read
      return read.then((end) => {
        onAnswer()
        return end
      })
    },
  }
}
