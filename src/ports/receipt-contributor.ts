/**
 * What an extension may add to a receipt.
 * @module
 */
import type { Did } from '../base/ids.ts';
import type { TaskRequest } from '../schema/task.ts';

/** What the receipt is for. */
export interface ReceiptSubject {
  readonly task: TaskRequest;
  /** Id of the agent that did it. */
  readonly agent: string;
  /** Who asked. */
  readonly peer: Did;
}

/**
 * Members to add, as JSON: `quote`, `hold`, `arm`, `approval`, or names of the extension's own. Those the node itself
 * fills in cannot be overridden. What throws or takes longer than a second is left out and logged.
 */
export type ReceiptContributor = (
  subject: ReceiptSubject,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
