/**
 * Checks published histories of concurrent objects: one line is one history with the verdict others came to.
 *
 * A line is `{ name, model, init, linearizable, stuck, operations }`, or has instead of `operations` the text of a Jepsen
 * history in `log`, or its path, from the file of lines, in `file`. `model` names one of {@link publishedObjects} (default:
 * by the names of the operations), `stuck` the return time of the operation that cannot be explained. A file that is not
 * JSON lines is one Jepsen history, of which all that is expected is that it is linearizable.
 * @module
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CaseResult } from '../../scripts/conformance.ts';
import { vectorLines } from '../../scripts/vector-lines.ts';
import { MeshError } from '../../src/base/errors.ts';
import {
  boolean,
  isPlainObject,
  list,
  number,
  object,
  oneOf,
  optional,
  refused,
  type Shaped,
  text,
  unknown,
} from '../../src/base/shape.ts';
import type { Operation } from '../../src/testing/index.ts';
import { jepsenHistory } from './jepsen-history.ts';
import {
  checkPublished,
  objectOf,
  type PublishedObjectName,
  publishedObjects,
} from './linearizability-models.ts';

const operationShape = object({
  process: (value: unknown, at: string): string | number =>
    typeof value === 'number' ? number()(value, at) : text()(value, at),
  call: number(),
  return: optional(number()),
  op: text(),
  input: optional(unknown),
  output: optional(unknown),
});
const lineShape = object({
  name: optional(text()),
  model: optional(oneOf(...(Object.keys(publishedObjects) as PublishedObjectName[]))),
  init: optional(unknown),
  linearizable: boolean,
  stuck: optional(number()),
  operations: optional(list(operationShape, { max: 1_000_000 })),
  log: optional(text({ max: 1 << 26 })),
});

/** Checks one line; throws where the verdict is not the one published. */
export function linearizability(line: unknown): void {
  const { model, init, linearizable, stuck, operations, log }: Shaped<typeof lineShape> = lineShape(
    line,
    'line',
  );
  if (operations === undefined && log === undefined) {
    throw refused('line', "a history in 'operations', 'log' or 'file'", undefined);
  }
  const history: readonly Operation[] = operations ?? jepsenHistory(log ?? '');
  const found = checkPublished(model ?? objectOf(history), history, init);
  const expected = linearizable ? 'linearizable' : 'violated';
  if (found.verdict !== expected) {
    const why = found.verdict === 'violated' ? found.message : `${String(found.steps)} steps`;
    throw failed(`expected ${expected}, got ${found.verdict}: ${why}`);
  }
  if (stuck !== undefined && found.verdict === 'violated' && found.stuck.return !== stuck) {
    throw failed(`expected to be stuck at ${String(stuck)}: ${found.message}`);
  }
}

function failed(detail: string): MeshError {
  return new MeshError('CONFORMANCE_FAILED', { detail });
}

function withLog(line: unknown, folder: string): unknown {
  if (!isPlainObject(line) || typeof line['file'] !== 'string') return line;
  return { name: line['file'], ...line, log: readFileSync(join(folder, line['file']), 'utf8') };
}

/** The suite for the conformance runner. */
export default {
  name: 'linearizability',
  /** The histories of a file: JSON lines with verdicts, or one bare Jepsen history. */
  read(file: string): readonly unknown[] {
    if (/\.jsonl(\.gz)?$/.test(file)) {
      return vectorLines(file).map((line) => withLog(line, dirname(file)));
    }
    return [{ name: basename(file), log: readFileSync(file, 'utf8'), linearizable: true }];
  },
  run(line: unknown): Promise<readonly CaseResult[]> {
    const named = isPlainObject(line) ? line['name'] : undefined;
    const name = typeof named === 'string' ? named : 'history without a name';
    try {
      linearizability(line);
      return Promise.resolve([{ name }]);
    } catch (error) {
      return Promise.resolve([{ name, error }]);
    }
  },
};
