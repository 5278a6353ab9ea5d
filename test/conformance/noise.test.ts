import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/platform/noble-crypto.ts';
import suite, { noise } from './noise.ts';

const file = new URL('../../../shared/data/noise.public.jsonl.gz', import.meta.url);
const lines = existsSync(file)
  ? gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')
  : [];

describe.skipIf(lines.length === 0)('published Noise vectors (../shared/data)', () => {
  it('are all there', () => {
    expect(lines).toHaveLength(38);
  });

  for (const [i, line] of lines.entries()) {
    const vector = JSON.parse(line) as { protocol_name: string; source: string };
    it(`${vector.protocol_name} of ${vector.source}, line ${String(i + 1)}`, () => {
      noise(vector);
      noise(vector, nobleCrypto);
    });
  }

  it('the runner reports a wrong byte as an error of its case, not as a crash', async () => {
    const vector = JSON.parse(lines[0]!) as { messages: { ciphertext: string }[] };
    const { messages } = vector;
    messages[1]!.ciphertext = messages[1]!.ciphertext.replace(/.$/, (digit) =>
      digit === '0' ? '1' : '0',
    );
    const [result] = await suite.run(vector);
    expect(result?.error).toMatchObject({ code: 'CONFORMANCE_FAILED' });
  });

  it('the runner reports a line that is no vector as an error', async () => {
    expect((await suite.run({}))[0]?.error).toMatchObject({ code: 'SCHEMA_INVALID' });
    expect((await suite.run(null))[0]?.error).toMatchObject({ code: 'SCHEMA_INVALID' });
  });
});
