import { describe, it } from 'vitest';
import { memoryTransport } from '../../../src/adapters/transports/memory.ts';
import { transportConformance } from '../../../src/testing/index.ts';

describe('memory transport', () => {
  for (const { name, run } of transportConformance(() => memoryTransport())) it(name, run);
});
