/**
 * The conformance kit of transports.
 * @module
 */
import type { Transport } from '../ports/transport.ts';
import { type ConformanceCase, checkRejects, checkWithin } from './assert.ts';
import { deliveryLaws } from './transport-conformance/delivery-laws.ts';
import { endingLaws } from './transport-conformance/ending-laws.ts';
import { meetingLaws } from './transport-conformance/meeting-laws.ts';
import { TransportBench, type TransportLaw } from './transport-conformance/transport-law.ts';

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
  const { counterpart = make, timeoutMs = 5_000 } = options;
  return [...laws, silentLaw].map(({ name, test }) => {
    const tried = async (): Promise<void> => {
      const bench = new TransportBench(await counterpart(), await make(), timeoutMs);
      try {
        await test(bench);
      } finally {
        await bench.clear();
      }
    };
    // A law waits several times; twice the bound of one wait is enough for those that pass.
    return { name, run: () => checkWithin(2 * timeoutMs, `'${name}'`, tried()) };
  });
}

const laws: readonly TransportLaw[] = [...meetingLaws, ...deliveryLaws, ...endingLaws];

const silentLaw: TransportLaw = {
  name: 'a transport that claims it cannot listen refuses to',
  test: async (bench) => {
    const { dialling } = bench;
    if (dialling.features.listen) return;
    const accept = (): void => undefined;
    const at = dialling.listenAt ?? `${dialling.schemes[0] ?? 'none'}://127.0.0.1:0`;
    await checkRejects(dialling.listen(at, accept, bench.context()), 'UNSUPPORTED', 'listen');
  },
};
