/**
 * What goes wrong while a policy is evaluated. A fault never leaves the engine: it becomes an entry in `errors`.
 * @module
 */

/** Ends the evaluation of one policy. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault';
}

/** Ends the evaluation of the current policy because of `message`. */
export function fault(message: string): never {
  throw new PolicyFault(message);
}
