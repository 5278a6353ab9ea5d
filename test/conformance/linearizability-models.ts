/**
 * The objects that published histories are about, with what their operations may look like.
 * @module
 */
import {
  boolean,
  list,
  object,
  oneOf,
  refused,
  type Shape,
  text,
  unknown,
} from '../../src/base/shape.ts';
import {
  checkLinearizable,
  type HistoryValue,
  kvModel,
  type LinearizabilityModel,
  type LinearizabilityVerdict,
  type Operation,
  queueModel,
  registerModel,
} from '../../src/testing/index.ts';

/** One kind of object. */
interface PublishedObject {
  readonly operations: Readonly<Record<string, OperationShape>>;
  /** Checks a history that fits `operations`. */
  readonly check: (history: readonly Operation[], init: unknown) => LinearizabilityVerdict;
}

interface OperationShape {
  readonly input: Shape<unknown>;
  readonly output: Shape<unknown>;
}

/** A text, a number, a boolean or null. */
export const scalar: Shape<HistoryValue> = (value, at) => {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
    return value as HistoryValue;
  }
  throw refused(at, 'a text, a number, a boolean or null', value);
};
const scalarOrNothing: Shape<HistoryValue> = (value, at) => scalar(value ?? null, at);
const key = text();

/** Of a transaction `[['read', 'x', 1], ['write', 'y', 2]]`, in which a read of null is one of anything. */
const steps = list((value, at): readonly [string, string, HistoryValue] => {
  const [kind, name, content] = list(unknown, { max: 3 })(value, at);
  return [oneOf('read', 'write')(kind, at), key(name, at), scalar(content, at)];
});

/** The objects by name. */
export const publishedObjects = {
  register: {
    operations: {
      read: { input: unknown, output: scalarOrNothing },
      write: { input: scalar, output: unknown },
      cas: { input: pair, output: boolean },
    },
    check: checking((init) => registerModel(scalar(init ?? null, 'init'))),
  },
  kv: {
    operations: {
      get: { input: object({ key }), output: scalarOrNothing },
      put: { input: object({ key, value: scalar }), output: unknown },
      append: { input: object({ key, value: text({ max: 1 << 20 }) }), output: unknown },
      delete: { input: object({ key }), output: unknown },
      cas: { input: object({ key, from: scalar, to: scalar }), output: boolean },
    },
    check: checking((init) => kvModel(scalar(init ?? '', 'init'))),
  },
  queue: {
    operations: {
      enqueue: { input: scalar, output: unknown },
      dequeue: { input: unknown, output: scalarOrNothing },
    },
    check: checking(queueModel),
  },
  mutex: {
    operations: {
      acquire: { input: unknown, output: unknown },
      release: { input: unknown, output: unknown },
    },
    check: checking(
      (): LinearizabilityModel<boolean> => ({
        init: false,
        key: String,
        step: (held, { op }) => ((op === 'acquire') === held ? undefined : !held),
      }),
    ),
  },
  'multi-register': {
    operations: { txn: { input: steps, output: steps } },
    check: checking(multiRegisterModel),
  },
} as const satisfies Readonly<Record<string, PublishedObject>>;

/** The objects there are. */
export type PublishedObjectName = keyof typeof publishedObjects;

/** The object whose operations a history uses, by their names; a register when nothing speaks for another. */
export function objectOf(history: readonly Operation[]): PublishedObjectName {
  const names = new Set(history.map(({ op }) => op));
  names.delete('cas');
  const objects = Object.keys(publishedObjects) as PublishedObjectName[];
  return (
    objects.find((name) => names.keys().some((op) => op in publishedObjects[name].operations)) ??
    'register'
  );
}

/** Checks `history` as one of the object named. Throws `SCHEMA_INVALID` for an operation that does not fit. */
export function checkPublished(
  name: PublishedObjectName,
  history: readonly Operation[],
  init: unknown,
): LinearizabilityVerdict {
  const { operations, check }: PublishedObject = publishedObjects[name];
  for (const [i, { op, input, output, return: end }] of history.entries()) {
    const at = `operations[${String(i)}]`;
    const shape = Object.hasOwn(operations, op) ? operations[op] : undefined;
    if (shape === undefined) throw refused(`${at}.op`, Object.keys(operations).join(' or '), op);
    shape.input(input, `${at}.input`);
    if (end !== undefined) shape.output(output, `${at}.output`);
  }
  return check(history, init);
}

function checking<State, Op extends Operation>(
  make: (init: unknown) => LinearizabilityModel<State, Op>,
): PublishedObject['check'] {
  return (history, init) => checkLinearizable(history as readonly Op[], make(init));
}

function pair(value: unknown, at: string): readonly HistoryValue[] {
  const values = list(scalar, { max: 2 })(value, at);
  if (values.length < 2) throw refused(at, 'two values', value);
  return values;
}

type Registers = Readonly<Record<string, HistoryValue>>;

/** Transactions over registers with names; `init` says what each holds first. */
function multiRegisterModel(init: unknown): LinearizabilityModel<Registers> {
  const step = (
    state: Registers,
    { input, output, return: end }: Operation,
  ): Registers | undefined => {
    const next = { ...state };
    for (const [kind, name, content] of steps(end === undefined ? input : output, 'txn')) {
      if (kind === 'write') next[name] = content;
      else if (end !== undefined && content !== null && content !== next[name]) return undefined;
    }
    return next;
  };
  return { init: object({})(init ?? {}, 'init'), key: JSON.stringify, step };
}
