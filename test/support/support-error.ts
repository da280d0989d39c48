/** A precondition of the tests is missing, or the support itself failed; the message says the remedy. */
export class SupportError extends Error {
  override readonly name = "SupportError";
}
