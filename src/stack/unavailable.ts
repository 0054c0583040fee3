/** No local stack can be started here, or one did not come up. `remedy` is the one line that says what to do. */
export class StackUnavailable extends Error {
  override readonly name = 'StackUnavailable'
  readonly remedy: string

  constructor(message: string, remedy: string) {
    super(message)
    this.remedy = remedy
  }
}
