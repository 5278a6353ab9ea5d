/**
 * The conformance kit of extensions.
 * @module
 */
import { MeshError } from '../../../base/errors.ts';
import type { MeshClientOptions } from '../../../client/options.ts';
import type { Extension } from '../../../ports/extension.ts';
import type { ConformanceCase } from '../../assert.ts';
import { casesOf, defaultTimeoutMs } from '../law.ts';
import { endingLaws, methodLaws } from './ending-laws.ts';
import { ExtensionBench, type ExtensionLaw, type ExtensionMethod } from './extension-bench.ts';
import { gateLaws } from './gate-laws.ts';
import { startLaws } from './start-laws.ts';
import { streetLaws } from './street-laws.ts';

/** Options of {@link extensionConformance}. */
export interface ExtensionConformanceOptions<Api> {
  /**
   * What the API does that needs the mesh, by name. Each must succeed whenever it is called on a running client, and fail
   * with `CLOSED` once that is closed. Default none: then only beginnings and endings are tried.
   */
  readonly methods?: Readonly<Record<string, ExtensionMethod<Api>>>;
  /** Names of those methods that hand `signal` on: they must heed it. */
  readonly cancellable?: readonly string[];
  /** What can be seen of the state behind an API, as plain data. */
  readonly state?: (api: Api) => unknown;
  /** What the clients need beside the extension, e.g. policies. */
  readonly client?: Omit<MeshClientOptions, 'did' | 'identity' | 'store' | 'transport'>;
  /** The bound of each wait in real milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * The laws every extension keeps, tried in real clients in memory. `make` returns a new instance each time.
 *
 * @example
 * ```ts
 * const cases = extensionConformance(() => counter(), {
 *   methods: { add: (api) => api.add(1), ask: (api, { peer }) => api.countAt(peer) },
 * });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function extensionConformance<Api>(
  make: () => Extension<Api>,
  options: ExtensionConformanceOptions<Api> = {},
): ConformanceCase[] {
  const { methods = {}, cancellable = [], state, client = {} } = options;
  const { timeoutMs = defaultTimeoutMs } = options;
  const names = Object.keys(methods);
  for (const name of cancellable) {
    if (names.includes(name)) continue;
    const expected = `names of methods (${names.join(', ')})`;
    throw new MeshError('INVALID_ARGUMENT', { argument: 'cancellable', expected, got: name });
  }
  const laws: readonly ExtensionLaw[] = [
    ...startLaws,
    ...streetLaws,
    ...gateLaws,
    ...endingLaws,
    ...methodLaws(names, cancellable),
  ];
  return casesOf(laws, {
    open: () =>
      new ExtensionBench({
        make,
        methods: methods as Readonly<Record<string, ExtensionMethod<unknown>>>,
        state: state as ((api: unknown) => unknown) | undefined,
        client,
        timeoutMs,
      }),
    close: (bench) => bench.clear(),
    tools: { timeoutMs },
  });
}
