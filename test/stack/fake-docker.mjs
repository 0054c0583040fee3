#!/usr/bin/env node
// Answers like a container engine, as far as src/stack asks: it writes each call down, and `up` starts a process that
// answers on both ports as a broker and a registry would.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

const args = process.argv.slice(2)
const folder = dirname(process.argv[1] ?? '')
const mode = readFileSync(join(folder, 'mode'), 'utf8')
const pidFile = join(folder, 'pid')

if (args[0] === 'serve') serve()
else answer()

function serve() {
  createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(Buffer.from([0, 0, 0, 10, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0])))
  }).listen(Number(process.env['BROKER_PORT']), '127.0.0.1')
  createHttp((request, response) => {
    response.statusCode = request.url === '/apis/ccompat/v7/subjects' ? 200 : 404
    response.end('[]')
  }).listen(Number(process.env['REGISTRY_PORT']), '127.0.0.1')
}

function answer() {
  appendFileSync(join(folder, 'calls'), `${args.join(' ')}\n`)
  if (mode === 'hangs' && args[0] === 'info') setInterval(() => {}, 1_000)
  if (mode === 'off' && args[0] === 'info') process.exitCode = 1
  if (mode === 'no-images' && args.includes('up')) {
    console.error('manifest unknown')
    process.exitCode = 1
  }
  if (mode === 'runs' && args.includes('up')) {
    const child = spawn(process.execPath, [process.argv[1] ?? '', 'serve'], {
      detached: true,
      stdio: 'ignore',
    })
    child.unref()
    writeFileSync(pidFile, String(child.pid))
  }
  if (args.includes('down') && existsSync(pidFile)) {
    try {
      process.kill(Number(readFileSync(pidFile, 'utf8')))
    } catch {}
  }
}
