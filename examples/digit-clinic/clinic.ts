// A clinic: has digits nobody else sees, learns with the other clinics, and reads digits for whoever asks.
import { MeshClient } from '@mesh/sdk';
import { webSocketTransport } from '@mesh/sdk/transports/websocket';
import { type Digits, pixels, readDigits, shard, take } from './digits.ts';
import { accuracy, initialWeights, read, train } from './mlp.ts';
import { clinicPolicies, licence } from './policies.ts';
import { obey, progress, settings, tell } from './role.ts';
import { statsOf, until } from './stats.ts';

const { name, store, index, clinics, authority } = settings() as {
  name: string;
  store: string;
  index: number;
  clinics: number;
  authority: { did: string; address: string };
};

const subject = 'digits';
const trainingImages = 12_000;
const testImages = 1_000;

const mesh = new MeshClient({
  did: `did:mesh:clinic:${name}`,
  store,
  transport: webSocketTransport({ listen: { port: 0 }, peers: [authority.address] }),
  anchors: [{ issuer: authority.did as never, types: [licence] }],
  policies: clinicPolicies,
});

/** The model as this clinic has it; every clinic begins with the same. */
let model = { number: 0, weights: initialWeights(7) };
const own = await digitsOfMine();

mesh.createAgent({
  name: 'model keeper',
  capabilities: ['model.latest'],
  handler: () => model,
});

obey(
  {
    async start() {
      mesh.on('peer.connected', ({ peer }) => {
        tell(name, 'session', `has a session with ${label(peer)}`);
      });
      mesh.on('credential.accepted', ({ peer }) => {
        tell(name, 'credential', `accepts the licence of ${label(peer)}`);
      });
      mesh.on('credential.revoked', ({ peer }) => {
        tell(name, 'revocation', `learns that ${label(peer)} lost its licence`);
      });
      await mesh.start();
      await mesh.federate(authority.did);
      if (mesh.trust.held().length === 0) {
        const application = { type: 'licence.apply', data: { clinic: name } };
        const { output } = await mesh.executeTask(application, { to: authority.did as never });
        await mesh.trust.hold((output as { jwt: string }).jwt);
      }
      return { did: mesh.did, address: mesh.federation.endpoints[0] };
    },

    async meet() {
      await until(() => licensedPeers().length >= clinics - 1, `${name} to meet the other clinics`);
    },

    /** Takes the newest model that any clinic has; a newcomer has none. */
    async catchUp() {
      const latest = await mesh.aggregator.latest(subject);
      if (latest !== undefined) model = { number: latest.number, weights: latest.weights };
      for (const peer of licensedPeers()) {
        const { output } = await mesh.executeTask(
          { type: 'model.latest', data: null },
          { to: peer },
        );
        const theirs = output as typeof model;
        if (theirs.number > model.number) model = theirs;
      }
    },

    async train() {
      const started = performance.now();
      const base = model.weights;
      const number = model.number + 1;
      const round = await mesh.aggregator.createRound({
        task: subject,
        number,
        strategy: 'fedavg',
        minParticipants: Math.max(2, clinics - 1),
        base,
      });
      const weights = await train(base, own.training.images, own.training.labels, {
        seed: number,
        rate: 0.15,
        onProgress: progress,
      });
      await round.contribute({ weights, samples: own.training.count });
      const result = await round.result();
      progress(1);
      model = { number, weights: result.weights };
      tell(name, 'round', `has the model of round ${String(number)}`);
      const { images, labels } = own.test;
      return {
        number,
        accuracy: accuracy(model.weights, images, labels),
        participants: result.participants,
        ms: performance.now() - started,
      };
    },

    async serve() {
      mesh.createAgent({
        name: 'digit reader',
        description: 'Reads handwritten digits: give it a picture of one digit, get the digit.',
        examples: ['which digit is in this image', 'recognise handwritten numbers'],
        capabilities: ['digits.read'],
        specializations: ['handwriting', 'vision'],
        certifications: [licence],
        handler: ({ input }) => ({
          digit: read(model.weights, (input as { image: Uint8Array }).image),
        }),
      });
      tell(name, 'task', 'offers its digit reader');
      await Promise.resolve();
    },

    stats: () => statsOf(name, 'clinic', mesh),
  },
  () => mesh.close(),
);

function licensedPeers(): readonly `did:${string}:${string}`[] {
  return mesh.federation.peers().filter((peer) => mesh.trust.credentialsOf(peer).has(licence));
}

/** The clinic's own images, split for training and for judging the model. */
async function digitsOfMine(): Promise<Record<'training' | 'test', Digits>> {
  const mine = shard(await readDigits('train'), index, clinics, trainingImages + testImages);
  const count = mine.count - testImages;
  const test = {
    count: testImages,
    images: mine.images.subarray(count * pixels),
    labels: mine.labels.subarray(count),
  };
  return { training: take(mine, count), test };
}

function label(peer: string | undefined): string {
  return peer?.split(':')[3] ?? 'somebody';
}
