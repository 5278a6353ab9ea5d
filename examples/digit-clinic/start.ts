// The digit clinic: five organisations, five processes, one mesh. Run: npm start [-- --clinics 3 --rounds 10 --data DIR]
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Organisation } from './organisation.ts';
import { finalTable, type Reading, type RunFacts, runReport } from './outcome.ts';
import { type ReportCandidate, type ReportRound, renderReport } from './report.ts';
import { bold, dim, Screen } from './screen.ts';
import type { OrganisationStats } from './stats.ts';

const { values: args } = parseArgs({
  options: {
    clinics: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '10' },
    images: { type: 'string', default: '200' },
    data: { type: 'string', default: 'data' },
    report: { type: 'string', default: 'report.html' },
  },
});
const clinicCount = atLeast(2, '--clinics', args.clinics);
const rounds = atLeast(1, '--rounds', args.rounds);
const images = atLeast(1, '--images', args.images);
const laterImages = 20;

interface Home {
  readonly did: string;
  readonly address: string;
}

interface Trained {
  readonly number: number;
  readonly accuracy: number;
  readonly participants: number;
  readonly ms: number;
}

const screen = new Screen();
const organisations: Organisation[] = [];
const audience = {
  news: screen.tell.bind(screen),
  progress: screen.progress.bind(screen),
};
let stopping = false as boolean;

process.once('SIGINT', () => {
  stopping = true;
  screen.line(dim('stopping every organisation ...'));
  void endAll().then(() => process.exit(130));
});

try {
  await play();
} catch (error) {
  // An organisation that ends because everybody was told to is no failure.
  if (!stopping) throw error;
} finally {
  await endAll();
}

async function play(): Promise<void> {
  const started = Date.now();
  await mkdir(args.data, { recursive: true });
  screen.line(
    bold('The digit clinic: five organisations learn to read digits, and whom to trust.'),
  );

  screen.chapter('1. Everybody starts with one address and finds the rest');
  const authority = open('authority', 'authority');
  const office = await authority.ask<Home & { revoked: string[] }>('start');
  const clinics = clinicNames(office.revoked).map((name, index) =>
    open('clinic', name, { index, clinics: clinicCount, authority: office }),
  );
  const homes = await Promise.all(clinics.map((clinic) => clinic.ask<Home>('start')));

  screen.chapter('2. They check licences and train one model; no image leaves its clinic');
  await Promise.all(clinics.map((clinic) => clinic.ask('meet')));
  await Promise.all(clinics.map((clinic) => clinic.ask('catchUp')));
  const learned = await learn(clinics);

  screen.chapter('3. A lab without data finds them and has digits read');
  await Promise.all(clinics.map((clinic) => clinic.ask('serve')));
  const lab = open('lab', 'lab', {
    seed: homes[0]!.address,
    authority: office.did,
    clinics: clinicCount,
  });
  await lab.ask('start');
  const listings = await lab.ask<ReportCandidate[]>('search', { query: 'read handwritten digits' });
  for (const { name, score, why } of listings) {
    screen.line(`         ${bold(name)}  score ${score.toFixed(2)}  ${dim(why.join('; '))}`);
  }
  const reading = await lab.ask<Reading>('read', { from: 0, count: images });
  screen.line(
    `         ${String(reading.count)} images: accuracy ${bold(percent(reading.accuracy))}, ` +
      `${String(reading.receipts)} signed receipts, ${reading.msPerTask.toFixed(1)} ms a task`,
  );

  screen.chapter('4. The authority revokes one licence');
  const [closed] = homes;
  const revocation = await authority.ask<RunFacts['revocation']>('revoke', { did: closed!.did });
  screen.line(
    `         the last of ${String(revocation.reached)} reachable nodes refuses after ${bold(`${revocation.ms.toFixed(0)} ms`)}`,
  );
  const refusal = await lab.ask<RunFacts['refusal']>('tryAt', { did: closed!.did });
  screen.line(`         refused by the ${bold(refusal.gate)} gate: ${refusal.code}`);
  const after = await lab.ask<Reading>('read', { from: images, count: laterImages, anyone: true });
  screen.line(
    `         work moves on: ${String(after.count)} more images, read by ${Object.keys(after.by).join(' and ')}`,
  );

  screen.chapter('5. What happened');
  const stats = await Promise.all(
    organisations.map((organisation) => organisation.ask<OrganisationStats>('stats')),
  );
  const facts: RunFacts = {
    started,
    ended: Date.now(),
    rounds: learned,
    listings,
    reading,
    revocation,
    refusal,
    after,
    stats,
    news: screen.news,
  };
  screen.table(finalTable(facts));
  await writeFile(args.report, renderReport(runReport(facts)));
  screen.line(
    `\n${bold(args.report)} shows it to a person. The stores are in ${bold(args.data)}; the next run goes on from there.`,
  );
}

async function learn(clinics: readonly Organisation[]): Promise<readonly ReportRound[]> {
  const learned: ReportRound[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const trained = await Promise.all(clinics.map((clinic) => clinic.ask<Trained>('train')));
    const accuracies = trained.map(({ accuracy }) => accuracy);
    const global = accuracies.reduce((a, b) => a + b, 0) / accuracies.length;
    const { number: round, participants } = trained[0]!;
    const ms = Math.max(...trained.map((one) => one.ms));
    learned.push({
      round,
      ms,
      global,
      clinics: Object.fromEntries(clinics.map(({ name }, k) => [name, accuracies[k]!])),
    });
    screen.line(
      `         round ${String(round).padStart(2)}   ${String(participants)} clinics   ` +
        `accuracy ${bold(percent(global))}   ${String(Math.round(ms))} ms`,
    );
  }
  return learned;
}

/** Clinics that lost their licence in an earlier run are out of business; new ones take their place. */
function clinicNames(revoked: readonly string[]): readonly string[] {
  const names: string[] = [];
  for (let i = 1; names.length < clinicCount; i += 1) {
    const name = `clinic-${String(i)}`;
    if (!revoked.includes(name)) names.push(name);
  }
  return names;
}

function open(role: string, name: string, settings: object = {}): Organisation {
  const store = join(args.data, name);
  const organisation = new Organisation(role, name, { store, ...settings }, audience);
  organisations.push(organisation);
  return organisation;
}

async function endAll(): Promise<void> {
  await Promise.all([...organisations].reverse().map((organisation) => organisation.stop()));
}

function atLeast(least: number, option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`${option} must be a whole number from ${String(least)}, got '${text}'`);
  return process.exit(2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
