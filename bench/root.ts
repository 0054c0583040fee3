/** The package. Compiled, this file lies in bench/dist/bench. */
export const ROOT = new URL('../../../', import.meta.url)
