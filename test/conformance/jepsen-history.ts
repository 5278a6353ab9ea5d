/**
 * Histories as Jepsen and its relatives write them, turned into operations. Two forms: lines of a log
 * (`INFO  jepsen.util - 3 :invoke :write 4`) and EDN maps (`{:process 3, :type :invoke, :f :write, :value 4}`), alone or in
 * one list. The time of an event is its place among the events of the file.
 * @module
 */
import { isPlainObject, oneOf, refused } from '../../src/base/shape.ts';
import type { Operation } from '../../src/testing/index.ts';
import { type Edn, readEdn } from './edn.ts';

interface HistoryEvent {
  readonly process: Edn | undefined;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly key: Edn | undefined;
  readonly value: Edn;
}

/**
 * What an event that ends an operation says of it: it returned `output`, it certainly had no effect (or one that nobody can
 * miss), or nobody knows.
 */
type Ending = { readonly output: Edn } | 'without effect' | 'unknown';

const typeShape = oneOf('invoke', 'ok', 'fail', 'info');
const logLine = /^INFO\s+\S+\s+-\s+(.*)$/;

/** The operations of the history in `text`. Throws `SCHEMA_INVALID` naming the event at fault. */
export function jepsenHistory(text: string): readonly Operation[] {
  return logLine.test(text.trimStart().split(/\r?\n/, 1)[0]!)
    ? operationsOf(logEvents(text), logEnding)
    : operationsOf(ednEvents(text), ednEnding);
}

function operationsOf(
  events: readonly HistoryEvent[],
  endingOf: (event: HistoryEvent) => Ending,
): readonly Operation[] {
  const running = new Map<Edn | undefined, Operation>();
  const operations = new Set<Operation>();
  for (const [at, event] of events.entries()) {
    const { process, type } = event;
    // The nemesis and its like, which break things, are no clients.
    if (typeof process !== 'number') continue;
    const begun = running.get(process);
    if (type === 'invoke') {
      if (begun) throw refused(`event ${String(at)}`, 'an end of what runs already', 'an invoke');
      const operation = { process, call: at, op: event.f, ...inputOf(event) };
      operations.add(operation);
      running.set(process, operation);
      continue;
    }
    if (begun?.op !== event.f) {
      // A process may report its death more than once.
      if (type === 'info') continue;
      throw refused(`event ${String(at)}`, 'an invoke before it', event.f);
    }
    running.delete(process);
    const ending = endingOf(event);
    if (ending === 'unknown') continue;
    operations.delete(begun);
    if (ending !== 'without effect') operations.add({ ...begun, return: at, ...ending });
  }
  return [...operations].sort((a, b) => a.call - b.call);
}

function inputOf({ f, key, value }: HistoryEvent): { readonly input?: unknown } {
  switch (f) {
    case 'read':
    case 'dequeue':
    case 'acquire':
    case 'release':
      return {};
    case 'get':
      return { input: { key } };
    case 'put':
    case 'append':
      return { input: { key, value } };
    default:
      return { input: value };
  }
}

/** In the logs a compare-and-set that found another value fails: that is its answer. A read that fails did nothing. */
function logEnding({ type, f, value }: HistoryEvent): Ending {
  if (type === 'info') return 'unknown';
  if (f === 'cas') return { output: type === 'ok' };
  if (type === 'fail') return f === 'read' ? 'without effect' : 'unknown';
  return { output: value };
}

/** In EDN what failed did not happen, for whatever reason; a read of nil read something nobody wrote down. */
function ednEnding({ type, f, value }: HistoryEvent): Ending {
  if (type === 'info') return 'unknown';
  if (type === 'fail' || (f === 'read' && value === null)) return 'without effect';
  return { output: f === 'cas' ? true : value };
}

function logEvents(text: string): readonly HistoryEvent[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const rest = logLine.exec(line)?.[1];
    if (rest === undefined) throw refused(`line ${String(i + 1)}`, 'a line of a log', line);
    const [process, type, f, value] = readEdn(rest);
    return [eventOf({ process, type, f, value }, `line ${String(i + 1)}`)];
  });
}

function ednEvents(text: string): readonly HistoryEvent[] {
  const values = readEdn(text);
  const [first] = values;
  const events = values.length === 1 && Array.isArray(first) ? (first as readonly Edn[]) : values;
  return events.map((event, i) => {
    const at = `event ${String(i)}`;
    if (!isPlainObject(event)) throw refused(at, 'a map', event);
    return eventOf(event, at);
  });
}

function eventOf(event: Readonly<Record<string, Edn | undefined>>, at: string): HistoryEvent {
  const { process, type, f, key, value = null } = event;
  if (typeof f !== 'string') throw refused(`${at}.f`, 'a name', f);
  return { process, type: typeShape(type, `${at}.type`), f, key, value };
}
