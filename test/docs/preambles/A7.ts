// Story A7 asks for a report; here is somebody who writes one, on the same client, before its first request.
import { MeshClient } from '@mesh/sdk';

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { stream } = MeshClient.prototype;

MeshClient.prototype.stream = function (this: MeshClient, ...request: Parameters<typeof stream>) {
  MeshClient.prototype.stream = stream;
  this.createAgent({
    name: 'writer',
    capabilities: ['report.write'],
    pricing: { perQuery: 10n },
    async *handler({ input }) {
      const { pages } = input as { pages: number };
      for (let page = 1; page <= pages; page += 1) {
        yield { kind: 'text', text: `page ${page}\n` };
        yield { kind: 'progress', note: 'writing', fraction: page / pages };
      }
      return { pages };
    },
  });
  return stream.apply(this, request);
};
