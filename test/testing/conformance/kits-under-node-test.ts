/** Run by `node --test`: the kits need no particular test runner. */
import { test } from 'node:test';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { Identity } from '../../../src/index.ts';
import {
  embedderConformance,
  extensionConformance,
  signerConformance,
  storeConformance,
  transportConformance,
} from '../../../src/testing/index.ts';
import { lexicalEmbedder } from './lexical-embedder.ts';
import { tally, tallyUses } from './tally.ts';

const kits = {
  store: storeConformance(() => memoryStore()),
  transport: transportConformance(() => memoryTransport()),
  signer: signerConformance(async () => (await Identity.create()).signer),
  embedder: embedderConformance(lexicalEmbedder),
  extension: extensionConformance(tally, tallyUses),
};

for (const [kind, cases] of Object.entries(kits)) {
  for (const { name, run } of cases) void test(`${kind}: ${name}`, run);
}
