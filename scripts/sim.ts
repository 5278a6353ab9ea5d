/**
 * `npm run sim -- --seed 7`: runs a mesh in simulation and writes a page that plays the run. The story: every organisation has work done by
 * the others, while the street is cut, a node crashes and another one stalls; or whatever chaos draws.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Duration, MeshError } from '@mesh/sdk';
import {
  createTestMesh,
  type Invariant,
  seededRandom,
  simulationPicture,
  type TestMesh,
  type TraceEvent,
} from '@mesh/sdk/testing';

const kindsOfChaos = ['story', 'default', 'none'] as const;

/** What is played. */
export interface Play {
  readonly seed: number;
  /** How many organisations of two nodes each, 2 to 25. */
  readonly orgs: number;
  readonly lasts: Duration;
  /** `story`: the same harms in every run; `default`: what the seed draws; `none`: good weather. */
  readonly chaos: (typeof kindsOfChaos)[number];
  /** Whether a law is added that the run will break. */
  readonly fail: boolean;
}

/** A run that has ended. */
export interface Played {
  readonly page: string;
  readonly events: number;
  /** What the run failed with, if it did. */
  readonly failure: unknown;
}

const names = ['acme', 'globex', 'initech', 'umbra', 'hooli', 'stark', 'wayne', 'tyrell'];

/** How long an answer may take where `--fail` is given. */
const patienceMs = 5_000;

/** A law that holds as long as nobody crashes in the midst of a task. */
const answeredInTime: Invariant = {
  name: 'answered-within-5-s',
  begin: () => {
    const open = new Map<
      unknown,
      { readonly t: number; readonly node: string; readonly peer: unknown }
    >();
    return ({ type, t, node, task, peer }) => {
      if (type === 'task.sent') open.set(task, { t, node, peer });
      if (type === 'task.completed' || type === 'task.failed') open.delete(task);
      for (const [id, asked] of open) {
        if (t <= asked.t + patienceMs) return undefined;
        const waited = ((t - asked.t) / 1_000).toFixed(1);
        return `${asked.node} has waited ${waited} s for ${String(asked.peer)} to answer task ${String(id)}`;
      }
      return undefined;
    };
  },
};

/** Plays `play` from beginning to end; a failure of the run is in the result. */
export async function playOut(play: Play): Promise<Played> {
  const { seed, orgs, lasts, chaos, fail } = play;
  const mesh = await createTestMesh({
    orgs: Array.from({ length: orgs }, (_, i) => names[i] ?? `org-${i}`),
    replicas: 2,
    seed,
    network: { latency: [5, 40] },
    chaos: chaos === 'default' ? 'default' : 'none',
    invariants: fail ? [answeredInTime] : [],
    replay: replayOf(play),
  });
  let failure: unknown;
  try {
    await tell(mesh, play, mesh.clock.advance(lasts));
    mesh.assertInvariants();
  } catch (error) {
    failure = error;
  }
  const trace = mesh.trace().toJSON();
  await mesh.close().catch((error: unknown) => {
    failure ??= error;
  });
  return { page: simulationPicture(trace, { failure }), events: trace.events.length, failure };
}

function replayOf({ seed, orgs, lasts, chaos, fail }: Play): string {
  return `npm run sim -- --seed ${seed} --orgs ${orgs} --for ${lasts} --chaos ${chaos}${fail ? ' --fail' : ''}`;
}

/** Has things happen until `over`. */
async function tell(
  mesh: TestMesh,
  { seed, chaos, fail }: Play,
  over: Promise<void>,
): Promise<void> {
  let going = true;
  const isGoing = (): boolean => going;
  if (fail) breakTheLaw(mesh);
  // Chaos of a seed brings work of its own.
  if (chaos !== 'default') {
    offerWork(mesh);
    void haveWorkDone(mesh, seed, isGoing);
  }
  if (chaos === 'story') void doHarm(mesh, isGoing);
  try {
    await over;
  } finally {
    going = false;
  }
}

const workMs = 400;

function offerWork(mesh: TestMesh): void {
  for (const { client } of mesh.nodes()) {
    client.createAgent({
      name: 'desk',
      capabilities: ['letters.answer'],
      handler: async ({ input }) => {
        await mesh.clock.sleep(workMs);
        return `answer to ${String(input)}`;
      },
    });
  }
}

/** Every second or so, somebody asks somebody else. */
async function haveWorkDone(mesh: TestMesh, seed: number, going: () => boolean): Promise<void> {
  const lots = seededRandom(seed).child('letters');
  const pick = <T>(all: readonly T[]): T => all[Math.floor(lots.next() * all.length)]!;
  for (let letter = 1; ; letter += 1) {
    await mesh.clock.sleep(500 + lots.next() * 1_500);
    if (!going()) return;
    const from = pick(mesh.orgs);
    const to = mesh.did(pick(mesh.orgs.filter((org) => org !== from)));
    const task = { type: 'letters.answer', data: `letter ${letter}` };
    try {
      // Who is cut off or down does not answer; the trace has it.
      mesh.org(from).executeTask(task, { to, timeout: '30s' }).catch(ignore);
    } catch (error) {
      if (!MeshError.is(error, 'CLOSED')) throw error;
    }
  }
}

/** A cut, a crash, a stall, again and again. */
async function doHarm(mesh: TestMesh, going: () => boolean): Promise<void> {
  const [a, b, ...others] = mesh.orgs;
  const harms: readonly (() => Promise<void>)[] = [
    async () => {
      const cut = mesh.network.partition([a!], [b!, ...others]);
      await mesh.clock.sleep(20_000);
      cut.heal();
    },
    async () => {
      const node = mesh.node(b!, 1);
      await node.crash({ power: true });
      await mesh.clock.sleep(12_000);
      await node.restart();
    },
    async () => {
      mesh.node(others[0] ?? a!).pause(8_000);
      await mesh.clock.sleep(8_000);
    },
    async () => {
      mesh.network.change({ drop: 0.2, tail: 0.3 });
      await mesh.clock.sleep(15_000);
      mesh.network.change({ drop: 0, tail: 0 });
    },
  ];
  for (let i = 0; ; i += 1) {
    await mesh.clock.sleep(10_000);
    if (!going()) return;
    await harms[i % harms.length]!();
  }
}

/** After a while of peace, whoever begins to work loses its power in that moment. */
function breakTheLaw(mesh: TestMesh): void {
  const strike = ({ node }: TraceEvent): void => {
    const victim = mesh.nodes().find(({ name }) => name === node)!;
    void victim
      .crash({ power: true })
      .then(() => mesh.clock.sleep(15_000))
      .then(() => victim.restart());
  };
  void mesh.clock.sleep(4_000).then(() => mesh.when('handler.began', {}, strike));
}

function ignore(): void {
  // The trace has what became of it.
}

const usage = `usage: npm run sim -- [--seed 7] [--orgs 3] [--for 2m] [--chaos story|default|none] [--fail] [--out FILE]
  --orgs   organisations of two nodes each, 2 to 25
  --for    virtual time, such as 90s or 10m
  --chaos  story: a cut, a crash, a stall, a bad street in turn; default: what the seed draws; none
  --fail   adds a law that the run breaks, to show what a failure looks like
  --out    the page; default sim-SEED.html`;

/** The options of the command, or what is wrong with them. */
export function playIn(args: readonly string[]): { play: Play; out: string } | string {
  const text = { type: 'string' } as const;
  const options = {
    seed: { ...text, default: '7' },
    orgs: { ...text, default: '3' },
    for: { ...text, default: '2m' },
    chaos: { ...text, default: 'story' },
    out: text,
    fail: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const seed = Number(values.seed || Number.NaN);
    const orgs = Number(values.orgs);
    const { fail } = values;
    const chaos = kindsOfChaos.find((kind) => kind === values.chaos);
    if (!Number.isSafeInteger(seed)) return `--seed takes a whole number, not '${values.seed}'`;
    if (!(Number.isSafeInteger(orgs) && orgs >= 2 && orgs <= 25))
      return `--orgs takes 2 to 25, not '${values.orgs}'`;
    if (!/^\d+(\.\d+)?(ms|s|m|h)$/.test(values.for))
      return `--for takes a time such as 90s, not '${values.for}'`;
    if (chaos === undefined) return `--chaos takes story, default or none, not '${values.chaos}'`;
    const play = { seed, orgs, lasts: values.for as Duration, chaos, fail };
    return { play, out: values.out ?? `sim-${seed}.html` };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const asked = playIn(args);
  if (typeof asked === 'string') {
    console.error(`${asked}\n${usage}`);
    return 2;
  }
  const { play, out } = asked;
  const { page, events, failure } = await playOut(play);
  writeFileSync(out, page);
  if (failure !== undefined) {
    console.log(`failed: ${failure instanceof Error ? failure.message : JSON.stringify(failure)}`);
  }
  console.log(`${events} events in ${join(out)}: open it in a browser`);
  return failure === undefined || play.fail ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
