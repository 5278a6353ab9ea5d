/** Run by `node --test`: the kits need no particular test runner. */
import { test } from 'node:test';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { storeConformance, transportConformance } from '../../../src/testing/index.ts';

for (const { name, run } of storeConformance(() => memoryStore())) void test(name, run);
for (const { name, run } of transportConformance(() => memoryTransport())) void test(name, run);
