/** Counts and failures of a test run, out of vitest's own report in JSON. */
import { relative } from 'node:path'

/** Out: vitest's result of each test file; none when there is no report to be read. */
export function resultsIn(report, readFile) {
  try {
    return JSON.parse(readFile(report, 'utf8')).testResults
  } catch {
    return []
  }
}

/**
 * In:  results  of resultsIn; status  exit code of vitest
 * Out: tests by end. A file that could not be run counts as one failed test, and so does a run that failed otherwise
 */
export function countsOf(results, status) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of results) {
    const ends = file.assertionResults.map((test) => test.status)
    counts.passed += ends.filter((end) => end === 'passed').length
    const failed = ends.filter((end) => end === 'failed').length
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed
    counts.skipped += ends.filter((end) => end !== 'passed' && end !== 'failed').length
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

export const countLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/** Out: a line `failed: file: test: what was wrong` for each failed test, and for each file that could not be run. */
export function failuresOf(results) {
  return results.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed')
    const name = relative(process.cwd(), file.name)
    if (failed.length > 0) {
      return failed.map(
        (test) => `failed: ${name}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`,
      )
    }
    return file.status === 'failed' ? [`failed: ${name}: ${firstLine(file.message)}`] : []
  })
}

const firstLine = (text) => (text ?? '').split('\n')[0].slice(0, 400)
