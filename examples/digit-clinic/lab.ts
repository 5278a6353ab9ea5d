// A research lab without data of its own: finds readers of digits and has its images read.
import { type AgentListing, MeshClient, MeshError } from '@mesh/sdk';
import { webSocketTransport } from '@mesh/sdk/transports/websocket';
import { pixels, readDigits } from './digits.ts';
import { labPolicies, licence } from './policies.ts';
import { obey, progress, settings, tell } from './role.ts';
import { statsOf, until } from './stats.ts';

const { name, store, seed, authority, clinics } = settings() as {
  name: string;
  store: string;
  seed: string;
  authority: string;
  clinics: number;
};

/** Tasks under way at a time. */
const parallel = 8;
/** Images that the report shows. */
const shownImages = 24;

const mesh = new MeshClient({
  did: 'did:mesh:institute:research-lab',
  store,
  transport: webSocketTransport({ peers: [seed] }),
  anchors: [{ issuer: authority as never, types: [licence] }],
  policies: labPolicies,
});
const digits = await readDigits('test');
let readers: readonly AgentListing[] = [];

obey(
  {
    async start() {
      mesh.on('peer.connected', ({ peer }) => {
        tell(name, 'session', `has a session with ${label(peer)}`);
      });
      mesh.on('peer.lost', ({ peer }) => {
        tell(name, 'session', `has no session with ${label(peer)} any more`);
      });
      mesh.on('credential.revoked', ({ peer }) => {
        tell(name, 'revocation', `learns that ${label(peer)} lost its licence`);
      });
      await mesh.start();
    },

    async search({ query }: { query: string }) {
      // A certification counts only where its credential was verified here.
      const filters = { capabilities: ['digits.read'], certifications: [licence] };
      await until(async () => {
        readers = await mesh.discovery.search({ query, filters, limit: clinics });
        return readers.length >= clinics;
      }, 'the lab to find every reader');
      for (const { meshId } of readers) await mesh.federate(meshId, { purpose: 'reading digits' });
      return readers.map(({ meshId, name: agent, score, why }) => ({
        name: `${agent} of ${label(meshId)}`,
        score,
        why,
      }));
    },

    /** Has `count` images read, in turn by each reader that may be asked. */
    async read({ from, count, anyone }: { from: number; count: number; anyone?: boolean }) {
      const started = performance.now();
      const by: Record<string, number> = {};
      const shown: { pixels: Uint8Array; truth: number; answer: number; by: string }[] = [];
      let [right, receipts, next, done] = [0, 0, from, 0];
      const work = async (): Promise<void> => {
        while (next < from + count) {
          const i = next;
          next += 1;
          const input = { image: digits.images.subarray(i * pixels, (i + 1) * pixels) };
          const listing = readers[i % readers.length]!;
          const { output, receipt } =
            anyone === true
              ? await mesh.executeTask({ type: 'digits.read', data: input })
              : await mesh.call(listing, input);
          receipts += 1;
          const reader = label(receipt.by);
          const [truth, answer] = [digits.labels[i]!, (output as { digit: number }).digit];
          if (answer === truth) right += 1;
          by[reader] = (by[reader] ?? 0) + 1;
          if (i - from < shownImages)
            shown.push({ pixels: input.image, truth, answer, by: reader });
          done += 1;
          progress(done / count);
        }
      };
      await Promise.all(Array.from({ length: parallel }, work));
      const ms = performance.now() - started;
      tell(name, 'task', `had ${String(count)} images read by ${Object.keys(by).join(', ')}`);
      return { count, accuracy: right / count, receipts, by, msPerTask: ms / count, digits: shown };
    },

    /** What happens to a task for one particular clinic. */
    async tryAt({ did }: { did: string }) {
      const sessions = (): number =>
        mesh.federation.sessions().filter((one) => one.did === did && one.state === 'active')
          .length;
      await until(() => sessions() === 0, 'the sessions to close');
      const image = digits.images.subarray(0, pixels);
      try {
        await mesh.executeTask({ type: 'digits.read', data: { image } }, { to: did as never });
      } catch (error) {
        if (!MeshError.is(error)) throw error;
        tell(name, 'refusal', `does not send to ${label(did)}: ${error.message}`);
        const gate = String(error.params['gate']);
        return { code: error.code, gate, message: error.message, sessions: sessions() };
      }
      throw new Error('the task was not refused');
    },

    stats: () => statsOf(name, 'lab', mesh),
  },
  () => mesh.close(),
);

function label(did: string | undefined): string {
  return did?.split(':')[3] ?? 'somebody';
}
