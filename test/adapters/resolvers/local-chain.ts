// A chain on this machine with the registry of did:ethr, and what its tests do to it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { EthereumDIDRegistry } from 'ethr-did-registry';
import { toHex, utf8 } from '../../../src/base/bytes.ts';

/** Accounts that anvil unlocks, always the same. */
export const accounts = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
] as const;

/** A running chain. */
export interface LocalChain {
  readonly url: string;
  readonly registry: string;
  readonly chainId: number;
  /** Calls a function of the registry from `from`; the number of the block. */
  send(from: string, signature: string, ...words: Word[]): Promise<number>;
  rpc(method: string, ...params: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

interface Receipt {
  readonly blockNumber: string;
  readonly contractAddress: string;
  readonly status: string;
}

/** An argument: an address, a short text as bytes32, a number, or bytes. */
export type Word =
  | { address: string }
  | { name: string }
  | { number: number }
  | { bytes: Uint8Array };

/** Starts `anvil` with an empty chain and puts the registry on it. */
export async function startChain(anvil: string): Promise<LocalChain> {
  const chainId = 31337;
  const child = spawn(anvil, ['--port', '0', '--chain-id', String(chainId)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`anvil ended with ${String(code)}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const at = /Listening on (\S+)/.exec(line)?.[1];
      if (at !== undefined) resolve(`http://${at}`);
    });
  });
  const rpc = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(answer.error.message);
    return answer.result;
  };
  const transact = async (transaction: object): Promise<Receipt> => {
    // What anvil estimates is at times too little by a few units.
    const hash = await rpc('eth_sendTransaction', { gas: '0x500000', ...transaction });
    for (;;) {
      const receipt = (await rpc('eth_getTransactionReceipt', hash)) as Receipt | null;
      if (receipt?.status === '0x0') throw new Error('the chain refused the transaction');
      if (receipt !== null) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const { contractAddress: registry } = await transact({
    from: accounts[0],
    data: EthereumDIDRegistry.bytecode,
  });
  return {
    url,
    registry,
    chainId,
    rpc,
    send: async (from, signature, ...words) => {
      const receipt = await transact({ from, to: registry, data: callData(signature, words) });
      return Number(receipt.blockNumber);
    },
    stop: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** The contract ABI: a selector, the words, and behind them the bytes that words point at. */
function callData(signature: string, words: readonly Word[]): string {
  const head: string[] = [];
  let tail = '';
  for (const word of words) {
    if ('address' in word) head.push(word.address.slice(2).padStart(64, '0'));
    if ('name' in word) head.push(toHex(utf8(word.name)).padEnd(64, '0'));
    if ('number' in word) head.push(word.number.toString(16).padStart(64, '0'));
    if ('bytes' in word) {
      head.push((32 * words.length + tail.length / 2).toString(16).padStart(64, '0'));
      const body = toHex(word.bytes);
      tail += word.bytes.length.toString(16).padStart(64, '0');
      tail += body.padEnd(Math.ceil(body.length / 64) * 64, '0');
    }
  }
  return `0x${toHex(keccak_256(utf8(signature)).subarray(0, 4))}${head.join('')}${tail}`;
}
