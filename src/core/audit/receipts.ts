/**
 * Receipts: what was done for whom, signed by the one who did it.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { Did } from '../../base/ids.ts';
import { cidOf } from '../../base/multiformat.ts';
import { packPacket } from '../../base/packet.ts';
import type { Signer } from '../../ports/signer.ts';
import { type Receipt, receiptShape, type SignedReceipt } from '../../schema/receipt.ts';
import { sign, verifySigned } from '../../schema/signed.ts';
import type { Keys } from './needs.ts';

/** What a receipt is made of: its members, with input and output themselves in place of their hashes. */
export type ReceiptFacts = Omit<Receipt, 'format' | 'inputHash' | 'outputHash'> & {
  readonly input: unknown;
  /** Absent when there was none, e.g. because the task failed. */
  readonly output?: unknown;
};

/** What the receiver of a receipt already knows. Members that are absent are not compared. */
export interface ReceiptExpectations {
  readonly task?: string;
  /** Who must have done it. */
  readonly by?: Did;
  /** Who must have asked. */
  readonly for?: Did;
  readonly agent?: string;
  readonly input?: unknown;
  readonly output?: unknown;
  /**
   * When it was here, by the reader's own clock or log, e.g. `at` of the entry that holds it: then it must be signed with the key
   * of that time. Not the receipt's own `at`, which is its signer's word. Default: a key of today. `INVALID_ARGUMENT`.
   */
  readonly hereAt?: string;
}

/** Name of a value by its content: the CID of its packet. `undefined` counts as `null`. */
export function contentHash(value: unknown): string {
  return cidOf(packPacket(value ?? null));
}

/** The receipt of `facts`, signed. */
export function signReceipt(
  { input, output, ...members }: ReceiptFacts,
  signer: Pick<Signer, 'keyId' | 'sign'>,
): Promise<SignedReceipt> {
  const hashes = { inputHash: contentHash(input), outputHash: contentHash(output) };
  return sign('receipt', { format: 1 as const, ...members, ...hashes }, signer);
}

/**
 * Checks a receipt that came from a peer: form, what is expected of it, signature of `by`. Members that are not known
 * here are kept, since they are signed too. Throws `RECEIPT_INVALID` naming what does not fit.
 */
export async function verifyReceipt(
  foreign: unknown,
  { keys, expected = {} }: { readonly keys: Keys; readonly expected?: ReceiptExpectations },
): Promise<SignedReceipt> {
  const receipt = parseReceipt(foreign);
  const misfit = misfits(receipt, expected)[0];
  if (misfit !== undefined) throw invalid(receipt.id, misfit);
  const at = expected.hereAt === undefined ? undefined : instantOf(expected.hereAt);
  try {
    await verifySigned('receipt', receipt, receipt.by, keys.verify, at);
  } catch (cause) {
    if (!MeshError.is(cause)) throw cause;
    throw invalid(receipt.id, 'signature', cause);
  }
  return receipt;
}

function instantOf(hereAt: string): number {
  const at = Date.parse(hereAt);
  if (!Number.isNaN(at)) return at;
  throw new MeshError('INVALID_ARGUMENT', {
    argument: 'hereAt',
    expected: 'an instant, e.g. 2026-01-01T00:00:00.000Z',
    got: hereAt,
  });
}

function parseReceipt(foreign: unknown): SignedReceipt {
  try {
    return receiptShape(foreign, 'receipt');
  } catch (cause) {
    if (!MeshError.is(cause)) throw cause;
    throw invalid('?', cause.message, cause);
  }
}

/** Names of the members that are not as expected. */
function misfits(receipt: SignedReceipt, expected: ReceiptExpectations): readonly string[] {
  const wanted: readonly (readonly [keyof Receipt, string | undefined])[] = [
    ['task', expected.task],
    ['by', expected.by],
    ['for', expected.for],
    ['agent', expected.agent],
    ['inputHash', 'input' in expected ? contentHash(expected.input) : undefined],
    ['outputHash', 'output' in expected ? contentHash(expected.output) : undefined],
  ];
  return wanted
    .filter(([member, value]) => value !== undefined && receipt[member] !== value)
    .map(([member]) => member);
}

function invalid(id: string, detail: string, cause?: unknown): MeshError {
  return new MeshError('RECEIPT_INVALID', { id, detail }, { cause });
}
