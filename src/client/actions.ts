/**
 * Actions of this node: judged by its autonomy level, journalled in its audit log, and told as events.
 * @module
 */
import type { Json } from '../base/canonical.ts';
import { toMeshError } from '../base/errors.ts';
import type { Audit } from '../core/audit/index.ts';
import { type ActionResult, type PerformOptions, performAction } from '../core/tasks/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Action, AutonomyLevel } from '../schema/action.ts';
import type { Emit } from '../schema/mesh-event.ts';

/** Options of {@link MeshClient.perform}. */
export interface PerformActionOptions extends Omit<PerformOptions, 'level' | 'clock' | 'record'> {
  /** Whom the action's input is about, e.g. `user:42`: its input and error are sealed in the audit log. */
  readonly subject?: string;
}

/** What the client brings to an action. */
export interface ActionWiring {
  readonly level: AutonomyLevel;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly emit: Emit;
}

/** Does `action` as `performAction` has it. */
export async function performWith<Input, Output>(
  action: Action<Input, Output>,
  options: PerformActionOptions,
  { level, clock, audit, emit }: ActionWiring,
): Promise<ActionResult<Output>> {
  const { id, kind, risk } = action;
  try {
    const result = await performAction(action, {
      ...options,
      level,
      clock,
      record: async (entry) => {
        const about = { subject: options.subject, personal: ['input', 'error'] };
        await audit.append('action', entry as unknown as Json, about);
      },
    });
    const type = result.verdict === 'act' ? 'action.done' : 'action.advised';
    emit(type, { action: id, kind, risk });
    return result;
  } catch (thrown) {
    const { code, params } = toMeshError(thrown, `action '${id}'`);
    emit('action.failed', { action: id, kind, code, params });
    throw thrown;
  }
}
