import { describe, it } from 'vitest';
import { memoryStore } from '../../../src/adapters/stores/memory.ts';
import { storeConformance } from '../../../src/testing/index.ts';

describe('memory store', () => {
  for (const { name, run } of storeConformance(() => memoryStore())) it(name, run);
});
