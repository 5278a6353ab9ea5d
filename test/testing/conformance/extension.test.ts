import { describe, expect, it } from 'vitest';
import type { Extension } from '../../../src/ports/extension.ts';
import {
  type ExtensionConformanceOptions,
  extensionConformance,
} from '../../../src/testing/index.ts';
import { type Tally, tally } from './tally.ts';

export const uses: ExtensionConformanceOptions<Tally> = {
  methods: {
    add: (api) => api.add(2),
    countAt: (api, { peer, signal }) => api.countAt(peer, signal && { signal }),
    tell: (api) => api.tell(),
    asWriter: (api) => api.asWriter(),
  },
  cancellable: ['countAt'],
  state: (api) => api.events,
};

const idle: Extension<void> = { name: 'idle', start: () => undefined };

describe('the conformance kit of extensions', () => {
  describe('passes one that does a bit of everything', () => {
    for (const { name, run } of extensionConformance(tally, uses)) it(name, run);
  });

  describe('passes one that does nothing', () => {
    for (const { name, run } of extensionConformance(() => idle)) it(name, run);
  });
});
