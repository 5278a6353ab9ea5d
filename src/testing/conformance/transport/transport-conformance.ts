/**
 * The conformance kit of transports.
 * @module
 */
import type { Transport } from '../../../ports/transport.ts';
import { type ConformanceCase, checkRejects } from '../../assert.ts';
import { casesOf, defaultTimeoutMs } from '../law.ts';
import { deliveryLaws } from './delivery-laws.ts';
import { endingLaws } from './ending-laws.ts';
import { transportLifecycleLaws } from './lifecycle-laws.ts';
import { meetingLaws } from './meeting-laws.ts';
import { TransportBench, type TransportLaw } from './transport-law.ts';

/** Options of {@link transportConformance}. */
export interface TransportConformanceOptions {
  /** A transport that listens where the tested one can dial; needed when the tested one only dials. Default: `make`. */
  readonly counterpart?: () => Transport | Promise<Transport>;
  /** The bound of each wait in real milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * The laws every ordered, reliable transport keeps. `make` returns a transport whose `listenAt` is free; what is opened
 * the kit closes.
 *
 * @example
 * ```ts
 * for (const { name, run } of transportConformance(() => memoryTransport())) test(name, run);
 * ```
 */
export function transportConformance(
  make: () => Transport | Promise<Transport>,
  options: TransportConformanceOptions = {},
): ConformanceCase[] {
  const { counterpart = make, timeoutMs = defaultTimeoutMs } = options;
  return casesOf(laws, {
    open: async () => new TransportBench(await counterpart(), await make(), timeoutMs),
    close: (bench) => bench.clear(),
    tools: { timeoutMs },
  });
}

const silentLaw: TransportLaw = {
  name: 'a transport that claims it cannot listen refuses to',
  claims: ({ dialling }) => !dialling.features.listen,
  test: async (bench) => {
    const { dialling } = bench;
    const accept = (): void => undefined;
    const at = dialling.listenAt ?? `${dialling.schemes[0] ?? 'none'}://127.0.0.1:0`;
    await checkRejects(dialling.listen(at, accept, bench.context()), 'UNSUPPORTED', 'listen');
  },
};

const laws: readonly TransportLaw[] = [
  ...meetingLaws,
  ...deliveryLaws,
  ...endingLaws,
  ...transportLifecycleLaws,
  silentLaw,
];
