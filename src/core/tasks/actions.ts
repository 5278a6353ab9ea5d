/**
 * Does what agents, tools and remedies propose, as far as the autonomy level lets it happen, and journals it.
 * @module
 */
import { withDeadline } from '../../base/abort.ts';
import { type Duration, toMs } from '../../base/duration.ts';
import { MeshError, toMeshError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  Action,
  ActionContext,
  ActionEntry,
  ActionVerdict,
  AutonomyLevel,
} from '../../schema/action.ts';
import type { Risk } from '../../schema/agent-record.ts';

/** Who wants an action. */
export interface ActionStanding {
  /** A person or an agent asked for exactly this. */
  readonly asked: boolean;
  /** It is one of the named safety actions. */
  readonly safety: boolean;
}

/** Options of doing an action. */
export interface PerformOptions {
  readonly level: AutonomyLevel;
  readonly clock: Clock;
  /** Whether a person or an agent asked for exactly this. Default: nobody did. */
  readonly asked?: boolean;
  /**
   * Asks a person. Turns advice into an act when they agree; is asked too before an action of high risk that an agent wants.
   * Safety actions do not wait for it. Must end by itself, or within `timeout`, which counts as no.
   */
  readonly approve?: (action: Action, preview: unknown, context: ActionContext) => Promise<boolean>;
  /** Journals one line. What it rejects with before an act prevents the act. */
  readonly record: (entry: ActionEntry) => Promise<void>;
  /** How long each of preview, act and undoing may take. Default 30 s. */
  readonly timeout?: Duration;
  /** How long an answer of `approve` is waited for. Default 5 minutes. */
  readonly approvalTimeout?: Duration;
  readonly signal?: AbortSignal | undefined;
}

/** An action that was done. */
export interface Undoable<Output> {
  readonly verdict: 'act';
  readonly output: Output;
  /** The line after the act could not be journalled. */
  readonly unrecorded?: MeshError;
  /** Takes it back, once however often it is called. Absent when the action cannot be undone. */
  readonly undo?: () => Promise<void>;
}

/** What became of an action. */
export type ActionResult<Output> =
  | Undoable<Output>
  /** Nothing was done; `preview` is what the dry run said, if the action has one. */
  | { readonly verdict: 'advise'; readonly preview: unknown };

/** Actions that protect the mesh and happen at every autonomy level. */
const safetyKinds: ReadonlySet<string> = new Set(['quarantine', 'rollback']);

/** Whether an action may happen. What somebody asked for, and what protects the mesh, always may. */
export function mayAct(
  level: AutonomyLevel,
  risk: Risk,
  { asked, safety }: ActionStanding,
): ActionVerdict {
  if (asked || safety) return 'act';
  if (level === 'off') return 'refuse';
  return level === 'act-low-risk' && risk === 'low' ? 'act' : 'advise';
}

/**
 * Does `action`, or suggests it, as `mayAct` has it. Throws `ACTION_REFUSED`, `APPROVAL_DENIED`, `TIMEOUT`, `ABORTED`, and
 * what the action throws; each attempt leaves its lines in the journal.
 */
export async function performAction<Input, Output>(
  action: Action<Input, Output>,
  options: PerformOptions,
): Promise<ActionResult<Output>> {
  const asked = options.asked ?? false;
  const safety = safetyKinds.has(action.kind);
  const verdict = mayAct(options.level, action.risk, { asked, safety });
  const journal = new Journal(action, verdict, asked, options);
  if (verdict === 'refuse') {
    const { id, kind, risk } = action;
    const error = new MeshError('ACTION_REFUSED', { level: options.level, kind, action: id, risk });
    await journal.note({ step: 'none', phase: 'after', error: error.toWire() });
    throw error;
  }
  const { approve } = options;
  if (verdict === 'advise' || (action.risk === 'high' && !safety && approve !== undefined)) {
    const preview = await previewOf(action, options);
    journal.approved = await approval(action, preview, options);
    if (journal.approved === false && verdict === 'act') return refuse(action, journal);
    if (journal.approved !== true) {
      await journal.note({ step: 'none', phase: 'after' });
      return { verdict: 'advise', preview };
    }
  }
  return act(action, journal, options);
}

/** The lines of one action. */
class Journal {
  readonly #facts: Omit<ActionEntry, 'at' | 'step' | 'phase'>;
  readonly #options: PerformOptions;
  /** What a person said. */
  approved: boolean | undefined;

  constructor(
    { id, kind, input, risk }: Action,
    verdict: ActionVerdict,
    asked: boolean,
    options: PerformOptions,
  ) {
    this.#facts = { action: id, kind, input, risk, verdict, asked };
    this.#options = options;
  }

  async note(line: Pick<ActionEntry, 'step' | 'phase' | 'ms' | 'error'>): Promise<void> {
    const { clock, record } = this.#options;
    const { approved } = this;
    await record({
      ...this.#facts,
      ...(approved !== undefined && { approved }),
      ...line,
      at: clock.now(),
    });
  }
}

async function act<Output>(
  action: Action<unknown, Output>,
  journal: Journal,
  options: PerformOptions,
): Promise<Undoable<Output>> {
  const { output, unrecorded } = await step('run', action, journal, options, (context) =>
    action.run(context),
  );
  let undone: Promise<void> | undefined;
  const undo = async (): Promise<void> => {
    const done = await step('undo', action, journal, { ...options, signal: undefined }, (context) =>
      action.undo!(output, context),
    );
    if (done.unrecorded !== undefined) throw done.unrecorded;
  };
  return {
    verdict: 'act',
    output,
    ...(unrecorded !== undefined && { unrecorded }),
    ...(action.undo !== undefined && { undo: () => (undone ??= undo()) }),
  };
}

/** Does one step with a line before and a line after it. */
async function step<T>(
  name: 'run' | 'undo',
  { kind, id }: Action,
  journal: Journal,
  options: PerformOptions,
  work: (context: ActionContext) => Promise<T>,
): Promise<{ readonly output: T; readonly unrecorded?: MeshError }> {
  const { clock } = options;
  await journal.note({ step: name, phase: 'before' });
  const started = clock.monotonic();
  const after = async (error?: MeshError): Promise<MeshError | undefined> => {
    const ms = clock.monotonic() - started;
    const line = { step: name, phase: 'after', ms } as const;
    const wire = error && { error: error.toWire() };
    return journal.note({ ...line, ...wire }).then(
      () => undefined,
      (thrown: unknown) => toMeshError(thrown, 'the journal of actions'),
    );
  };
  try {
    const output = await bounded(`${name} of action '${id}' (${kind})`, options, work);
    const unrecorded = await after();
    return unrecorded === undefined ? { output } : { output, unrecorded };
  } catch (thrown) {
    const error = toMeshError(thrown, `action '${id}' (${kind})`);
    await after(error);
    throw error;
  }
}

async function refuse(action: Action, journal: Journal): Promise<never> {
  const error = new MeshError('APPROVAL_DENIED', { title: `${action.kind} ${action.id}` });
  await journal.note({ step: 'none', phase: 'after', error: error.toWire() });
  throw error;
}

async function previewOf(action: Action, options: PerformOptions): Promise<unknown> {
  if (action.dryRun === undefined) return undefined;
  return bounded(`the dry run of action '${action.id}'`, options, (context) =>
    action.dryRun!(context),
  );
}

/** Yes, no, or undefined when there is nobody to ask. Silence is no. */
async function approval(
  action: Action,
  preview: unknown,
  options: PerformOptions,
): Promise<boolean | undefined> {
  const { approve, approvalTimeout: timeout = '5m' } = options;
  if (approve === undefined) return undefined;
  const what = `the approval of action '${action.id}'`;
  try {
    return await bounded(what, { ...options, timeout }, (context) =>
      approve(action, preview, context),
    );
  } catch (error) {
    if (MeshError.is(error, 'TIMEOUT')) return false;
    throw error;
  }
}

function bounded<T>(
  what: string,
  { clock, timeout = '30s', signal }: PerformOptions,
  work: (context: ActionContext) => Promise<T>,
): Promise<T> {
  return withDeadline(clock, toMs(timeout, 'timeout'), { what, signal }, (inner) =>
    work({ signal: inner }),
  );
}
