/**
 * What a ping carries: its number, and how busy the sender is.
 * @module
 */
import { readU32, writeU32 } from './frames.ts';
import type { Workload } from './needs.ts';

const bareLength = 4;
const fullLength = 12;
const most = 2 ** 32 - 1;

/** Payload of a ping: 4 bytes of number, then, when it is told, 4 bytes each of load and capacity. */
export function packPulse(id: number, workload: Workload | undefined): Uint8Array {
  const payload = new Uint8Array(workload === undefined ? bareLength : fullLength);
  writeU32(payload, 0, id);
  if (workload === undefined) return payload;
  writeU32(payload, 4, bounded(workload.load));
  writeU32(payload, 8, bounded(workload.capacity));
  return payload;
}

/** The number of the ping a pong answers; undefined for an answer to no ping of this protocol. */
export function pulseId(payload: Uint8Array): number | undefined {
  return payload.length < bareLength ? undefined : readU32(payload, 0);
}

/** How busy the sender of a ping is; undefined when it does not say, or says it in a way not known here. */
export function readWorkload(payload: Uint8Array): Workload | undefined {
  if (payload.length !== fullLength) return undefined;
  return { load: readU32(payload, 4), capacity: readU32(payload, 8) };
}

function bounded(count: number): number {
  return Number.isNaN(count) ? 0 : Math.min(most, Math.max(0, Math.trunc(count)));
}
