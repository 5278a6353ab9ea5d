// The digit clinic: five organisations, five processes, one mesh. Run: npm start [-- --clinics 3 --rounds 6 --data DIR]
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Organisation } from './organisation.ts';
import { type ClinicStats, finalTable, type RunFacts, runReport } from './outcome.ts';
import { renderReport } from './report.ts';
import { bold, dim, Screen } from './screen.ts';

const { values: args } = parseArgs({
  options: {
    clinics: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '6' },
    images: { type: 'string', default: '200' },
    data: { type: 'string', default: 'data' },
    report: { type: 'string', default: 'report.html' },
  },
});
const count = atLeast(2, '--clinics', args.clinics);
const rounds = atLeast(1, '--rounds', args.rounds);
const images = atLeast(1, '--images', args.images);

const screen = new Screen();
const organisations: Organisation[] = [];
const audience = {
  news: screen.tell.bind(screen),
  progress: screen.progress.bind(screen),
};

process.once('SIGINT', () => {
  screen.line(dim('stopping every organisation ...'));
  void endAll().then(() => process.exit(130));
});

try {
  await play();
} finally {
  await endAll();
}

async function play(): Promise<void> {
  await mkdir(args.data, { recursive: true });
  screen.line(
    bold('The digit clinic: five organisations learn to read digits, and to trust each other.'),
  );
  const facts = { started: Date.now(), rounds: [] } as unknown as RunFacts;

  screen.chapter('1. Everybody starts with one address and finds the rest');
  const authority = open('authority', 'authority');
  const office = await authority.ask<{ did: string; address: string }>('start');
  const clinics = Array.from({ length: count }, (_, i) =>
    open('clinic', `clinic-${String(i + 1)}`, { index: i, clinics: count, authority: office }),
  );
  const homes = await Promise.all(
    clinics.map((clinic) => clinic.ask<{ did: string; address: string }>('start')),
  );

  screen.chapter('2. They check licences and train one model; no image leaves its clinic');
  await Promise.all(clinics.map((clinic) => clinic.ask('meet')));
  for (let round = 1; round <= rounds; round += 1) {
    const reports = await Promise.all(
      clinics.map((clinic) =>
        clinic.ask<{ accuracy: number; ms: number; number: number }>('train'),
      ),
    );
    const [first] = reports;
    const accuracies = reports.map(({ accuracy }) => accuracy);
    facts.rounds.push({
      round: first?.number ?? round,
      ms: Math.max(...reports.map(({ ms }) => ms)),
      global: mean(accuracies),
      clinics: Object.fromEntries(clinics.map(({ name }, i) => [name, accuracies[i] ?? 0])),
    });
    screen.line(
      `         round ${String(first?.number ?? round).padStart(2)}   accuracy ${bold(percent(mean(accuracies)))}   ${String(Math.round(first?.ms ?? 0))} ms`,
    );
  }

  screen.chapter('3. A lab without data finds them and has digits read');
  await Promise.all(clinics.map((clinic) => clinic.ask('serve')));
  const lab = open('lab', 'lab', {
    seed: homes[0]?.address,
    authority: office.did,
    clinics: count,
  });
  await lab.ask('start');
  facts.listings = await lab.ask('search', { query: 'read handwritten digits' });
  for (const { name, score, why } of facts.listings) {
    screen.line(`         ${bold(name)}  score ${score.toFixed(2)}  ${dim(why.join('; '))}`);
  }
  facts.reading = await lab.ask('read', { from: 0, count: images });
  screen.line(
    `         ${String(facts.reading.count)} images, accuracy ${bold(percent(facts.reading.accuracy))}, ${String(facts.reading.receipts)} receipts checked, ${facts.reading.msPerTask.toFixed(1)} ms a task`,
  );

  screen.chapter('4. The authority revokes one licence');
  const [revoked] = homes;
  facts.revocation = await authority.ask('revoke', { did: revoked?.did });
  screen.line(
    `         every reachable node refuses after ${bold(`${facts.revocation.ms.toFixed(0)} ms`)} (${String(facts.revocation.reached)} nodes)`,
  );
  facts.refusal = await lab.ask('tryAt', { did: revoked?.did });
  screen.line(
    `         the lab's next task there: ${bold(facts.refusal.code)} by the ${facts.refusal.gate} gate`,
  );
  screen.line(dim(`         ${facts.refusal.message}`));
  facts.after = await lab.ask('read', { from: images, count: 20 });
  screen.line(
    `         work moves on: 20 more images, by ${Object.keys(facts.after.by).join(' and ')}`,
  );

  screen.chapter('5. What happened');
  facts.ended = Date.now();
  facts.stats = await Promise.all(
    organisations.map((organisation) => organisation.ask<ClinicStats>('stats')),
  );
  facts.news = screen.news;
  screen.table(finalTable(facts));
  await writeFile(args.report, renderReport(runReport(facts)));
  screen.line(
    `\n${bold(args.report)} shows it to a person. The stores are in ${args.data}; run again to go on from there.`,
  );
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

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
