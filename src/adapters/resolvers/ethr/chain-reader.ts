/**
 * The few questions a reader of the registry has for a node, by JSON-RPC through the way out.
 * @module
 */
import { fromUtf8, utf8 } from '../../../base/bytes.ts';
import { MeshError } from '../../../base/errors.ts';
import { isPlainObject } from '../../../base/shape.ts';
import type { Http } from '../../../ports/http.ts';

/** Options of {@link ChainReader}. */
export interface ChainReaderOptions {
  readonly http: Http;
  readonly network: { readonly chainId: number; readonly rpcUrl: string };
  readonly signal: AbortSignal | undefined;
  /** Questions asked at most. */
  readonly maxRequests: number;
}

type Json = Readonly<Record<string, unknown>>;

/** What ethers asks of a provider when a contract is only read. */
export interface ReadingProvider {
  readonly provider: ReadingProvider;
  call(request: { to: string; data: string }): Promise<string>;
  getLogs(filter: {
    address: string;
    topics: unknown;
    fromBlock: bigint;
    toBlock: bigint;
  }): Promise<{ topics: string[]; data: string; blockNumber: number }[]>;
  getBlock(height: number): Promise<{ number: number; timestamp: number } | null>;
  getNetwork(): Promise<{ chainId: bigint }>;
  resolveName(): Promise<null>;
}

/** Reads for one resolution; remembers why it failed. */
export class ChainReader {
  readonly provider: ReadingProvider;
  readonly #options: ChainReaderOptions;
  #asked = 0;
  #failure: unknown;

  constructor(options: ChainReaderOptions) {
    this.#options = options;
    this.provider = this.#makeProvider();
  }

  /** The first question that got no answer. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The newest block made by `seconds`; 0 before the chain began. One question for each halving of the chain. */
  async blockAt(seconds: number): Promise<number> {
    const newest = blockOf(await this.#ask('eth_getBlockByNumber', ['latest', false]));
    if (newest === null) throw odd('no newest block');
    if (newest.timestamp <= seconds) return newest.number;
    let [low, high] = [0, newest.number];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const block = await this.provider.getBlock(middle);
      if (block === null) throw odd('no block of the past');
      if (block.timestamp <= seconds) low = middle;
      else high = middle;
    }
    return low;
  }

  #makeProvider(): ReadingProvider {
    const ask = (method: string, ...params: unknown[]): Promise<unknown> =>
      this.#ask(method, params);
    const provider: ReadingProvider = {
      get provider() {
        return provider;
      },
      call: async ({ to, data }) => textOf(await ask('eth_call', { to, data }, 'latest')),
      getLogs: async ({ address, topics, fromBlock, toBlock }) => {
        const range = { fromBlock: hex(fromBlock), toBlock: hex(toBlock) };
        return logsOf(await ask('eth_getLogs', { address, topics, ...range }));
      },
      getBlock: async (height) => blockOf(await ask('eth_getBlockByNumber', hex(height), false)),
      getNetwork: () => Promise.resolve({ chainId: BigInt(this.#options.network.chainId) }),
      resolveName: () => Promise.resolve(null),
    };
    return provider;
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#exchange(method, params);
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  async #exchange(method: string, params: readonly unknown[]): Promise<unknown> {
    const { http, network, signal, maxRequests: limit } = this.#options;
    this.#asked += 1;
    if (this.#asked > limit) {
      throw new MeshError('LIMIT_EXCEEDED', {
        what: 'the history of a did:ethr',
        limit,
        got: 'more',
      });
    }
    const { status, body } = await http.send({
      url: network.rpcUrl,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: utf8(JSON.stringify({ jsonrpc: '2.0', id: this.#asked, method, params })),
      maxBytes: 1 << 20,
      ...(signal !== undefined && { signal }),
    });
    if (status !== 200) throw odd(`status ${String(status)}`);
    const answer: unknown = JSON.parse(fromUtf8(body));
    if (!isPlainObject(answer) || answer['result'] === undefined) {
      throw odd(errorOf(answer));
    }
    return answer['result'];
  }
}

function errorOf(answer: unknown): string {
  const error = isPlainObject(answer) ? answer['error'] : undefined;
  const message = isPlainObject(error) ? error['message'] : undefined;
  return typeof message === 'string' ? message : 'no result';
}

function logsOf(answer: unknown): { topics: string[]; data: string; blockNumber: number }[] {
  if (!Array.isArray(answer)) throw odd('no list of events');
  return answer.map((log: Json) => ({
    topics: (log['topics'] as unknown[]).map(textOf),
    data: textOf(log['data']),
    blockNumber: numberOf(log['blockNumber']),
  }));
}

function blockOf(answer: unknown): { number: number; timestamp: number } | null {
  if (answer === null) return null;
  const block = answer as Json;
  return { number: numberOf(block['number']), timestamp: numberOf(block['timestamp']) };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw odd('no hexadecimal text');
}

function numberOf(value: unknown): number {
  const number = Number(textOf(value));
  if (Number.isSafeInteger(number)) return number;
  throw odd('no number');
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function odd(detail: string): MeshError {
  return new MeshError('PEER_UNREACHABLE', {
    peer: 'the node',
    detail: `it answers with ${detail}`,
  });
}
