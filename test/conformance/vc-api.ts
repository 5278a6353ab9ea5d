/**
 * `npm run vc-api -- [--port 40443] [--seed BASE64URL] [--tls-key FILE --tls-cert FILE] [--base URL] [--rdfc FOLDER]`: a small server
 * that the official W3C test suites can be pointed at. See docs/vc-suites.md.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { parseArgs } from 'node:util';
import type { Answer } from './vc-api/answer.ts';
import { seedOf, VcApi, type VcApiOptions } from './vc-api/api.ts';
import { borrowedRdfc } from './vc-api/borrowed-rdfc.ts';

/** Bytes of a request that are read. */
const maxBytes = 1 << 20;

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function answerTo(request: IncomingMessage, api: VcApi): Promise<Answer> {
  const { method = 'GET', url = '/' } = request;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const text = await bodyOf(request);
  if (text === undefined) return { status: 413, body: { title: 'too long', status: 413 } };
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    return { status: 400, body: { title: 'not JSON', status: 400 } };
  }
  return api.answer({ method, path: decodeURIComponent(pathname), query: searchParams, body });
}

/** A server that answers with `api`; not listening yet. */
export function vcApiServer(api: VcApi, tls?: { readonly key: string; readonly cert: string }) {
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const failed = (error: unknown): Answer => {
      console.error(error);
      return { status: 500, body: { title: 'an internal error', status: 500 } };
    };
    void answerTo(request, api)
      .catch(failed)
      .then(({ status, type = 'application/json', body }) => {
        response.writeHead(status, { 'content-type': type });
        response.end(JSON.stringify(body));
      });
  };
  return tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
}

function main(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '40443' },
      seed: { type: 'string', default: 'A'.repeat(43) },
      base: { type: 'string' },
      rdfc: { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-cert': { type: 'string' },
    },
  });
  const { port, seed, rdfc, 'tls-key': key, 'tls-cert': cert } = values;
  const tls =
    key === undefined || cert === undefined
      ? undefined
      : { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const base = values.base ?? `http${tls === undefined ? '' : 's'}://localhost:${port}`;
  const options: VcApiOptions = {
    seed: seedOf(seed),
    base,
    ...(rdfc === undefined ? {} : { rdfc: (ring) => borrowedRdfc(rdfc, ring) }),
  };
  const api = new VcApi(options);
  vcApiServer(api, tls).listen(Number(port), '127.0.0.1', () => {
    console.log(`VC-API at ${base}, issuer ${api.did}`);
  });
}

if (import.meta.main) main(process.argv.slice(2));
