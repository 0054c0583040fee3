/** Where a broker and a registry answer. */
export interface StackAddress {
  readonly brokers: readonly string[]
  readonly registryUrl: string
}

let address: StackAddress | null = null

/** Says which broker and registry this process tests with. */
export function useStack(where: StackAddress): void {
  address = where
}

/** The broker and the registry that were started once for the whole run. */
export function stack(): StackAddress {
  if (address === null) throw new Error('no broker and no registry were named: see useStack')
  return address
}
