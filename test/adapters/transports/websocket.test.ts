import { describe, it } from 'vitest';
import { webSocketTransport } from '../../../src/adapters/transports/websocket.ts';
import { transportConformance } from '../../../src/testing/index.ts';

describe('websocket transport', () => {
  const make = () => webSocketTransport({ listen: { port: 0 } });
  for (const { name, run } of transportConformance(make)) it(name, run);
});
