/** A PostgreSQL cluster of its own in a temporary folder, reached by a port of this machine. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'

/** Where initdb and pg_ctl are; null when PostgreSQL is not installed. */
export function postgresBin() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
  if (found !== undefined) return found
  return spawnSync('initdb', ['--version']).status === 0 ? '' : null
}

/** Starts a cluster with an empty database `warehouse`. Out: its address, a way to run SQL, a way to stop it. */
export async function startPostgres(bin) {
  const owner = ownerOfServer()
  const folder = mkdtempSync(join(tmpdir(), 'warehouse-'))
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid)
  chmodSync(folder, 0o700)
  const cluster = join(folder, 'cluster')
  const port = await freePort()
  const run = (name, args, input) => {
    const { status, stdout, stderr } = spawnSync(join(bin, name), args, {
      ...{ ...owner, cwd: folder, encoding: 'utf8', input, maxBuffer: 2 ** 28 },
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'UTC' },
    })
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}${stdout}`)
    return stdout
  }
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c timezone=UTC -c fsync=off`
  run('initdb', ['-D', cluster, '-U', 'warehouse', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'])
  run('pg_ctl', ['-D', cluster, '-w', '-l', join(folder, 'log'), '-o', settings, 'start'])
  const stop = () => {
    process.off('exit', stop)
    run('pg_ctl', ['-D', cluster, '-m', 'immediate', 'stop'])
    rmSync(folder, { recursive: true })
  }
  process.once('exit', stop)
  const psql = (args, input) =>
    run(
      'psql',
      [
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'warehouse',
        ...args,
      ],
      input,
    )
  psql(['-d', 'postgres', '-c', 'CREATE DATABASE warehouse'])
  return {
    jdbcUrl: `jdbc:postgresql://127.0.0.1:${port}/warehouse`,
    /** Runs statements. Out: rows as lines, cells between bars. */
    sql: (text) => psql(['-d', 'warehouse', '-A', '-t', '-f', '-'], text).trim(),
    stop,
  }
}

/** The server refuses to run as root: then it is the user that Debian's package makes. */
function ownerOfServer() {
  if (process.getuid() !== 0) return {}
  const [, , uid, gid] = spawnSync('getent', ['passwd', 'postgres'], { encoding: 'utf8' }).stdout.split(':')
  if (uid === undefined || uid === '')
    throw new Error('PostgreSQL cannot run as root, and there is no user postgres')
  return { uid: Number(uid), gid: Number(gid) }
}

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
