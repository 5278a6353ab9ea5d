/** Run as a process of its own: writes batches of ten keys without end and prints the number of each once acknowledged. */
import { sqliteStore } from '../../../src/adapters/stores/sqlite.ts';
import { utf8 } from '../../../src/base/bytes.ts';

const [folder = '', durable = 'power', first = '0'] = process.argv.slice(2);
const store = sqliteStore(folder, { durable: durable as 'power' | 'process' });

for (let batch = Number(first); ; batch += 3) {
  await Promise.all([batch, batch + 1, batch + 2].map(write));
}

async function write(batch: number): Promise<void> {
  const ops = Array.from({ length: 10 }, (_, i) => ({
    put: `batch/${String(batch)}/${String(i)}`,
    value: utf8(`${String(batch)} `.repeat(20)),
  }));
  await store.write(ops);
  process.stdout.write(`${String(batch)}\n`);
}
