import { expect, test } from 'vitest'
import { createProgress } from '../../src/stack/jars.js'

function hear(chunks: readonly { at: number; text: string }[]): string[] {
  const lines: string[] = []
  let nowMs = 0
  const progress = createProgress(
    (line) => lines.push(line),
    () => nowMs,
  )
  for (const { at, text } of chunks) {
    nowMs = at
    progress(text)
  }
  return lines
}

test('the first download says every two seconds how many files and megabytes have come', () => {
  expect(
    hear([
      { at: 100, text: 'Progress (1): 0.3/1.3 MB\r' },
      { at: 200, text: 'Downloaded from central: https://host/a.jar (1.3 MB at 2.2 MB/s)\n' },
      { at: 2_000, text: 'Progress (3): 3.7/11 MB | 196/317 kB | 30 kB\r' },
      { at: 2_100, text: 'Progress (3): 3.9/11 MB | 196/317 kB | 30 kB\r' },
      { at: 4_100, text: 'Progress (1): 45/109 MB\r' },
    ]),
  ).toEqual(['  1 files, 5 MB so far', '  1 files, 46 MB so far'])
})

test('words cut in the middle, coloured or about other things are read all the same', () => {
  expect(
    hear([
      { at: 0, text: '[\u001b[1;34mINFO\u001b[m] Scanning for projects...\nDownloaded from cen' },
      { at: 3_000, text: 'tral: https://host/b.tar.gz (109 MB at 13 MB/s)\n' },
    ]),
  ).toEqual(['  1 files, 109 MB so far'])
})

test('nothing is said while nothing comes, as when the files are on the machine already', () => {
  expect(hear([{ at: 9_000, text: '[INFO] Copying a.jar\n' }])).toEqual([])
})
