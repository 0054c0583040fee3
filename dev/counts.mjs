/** Counts of a test run, out of vitest's own report in JSON. */

/**
 * In:  report   path of the report; status   exit code of vitest
 * Out: tests by end. A file that could not be run counts as one failed test, and so does a run that failed otherwise
 */
export function countsOf(report, status, readFile) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of resultsIn(report, readFile)) {
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

function resultsIn(report, readFile) {
  try {
    return JSON.parse(readFile(report, 'utf8')).testResults
  } catch {
    return []
  }
}
