// What a run was, as one page a person reads: no script, no request, dark or light as the reader likes.
import { accuracyPlot, lanes, roundTimes } from './charts.ts';
import { digitPictures } from './digit-pictures.ts';
import { type Html, html } from './html.ts';
import { style } from './report-style.ts';
import { trustGraph } from './trust-picture.ts';

/** Everything the page tells; plain data. */
export interface RunReport {
  readonly title: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ms: number;
  readonly organisations: readonly ReportOrganisation[];
  readonly rounds: readonly ReportRound[];
  readonly search: readonly ReportCandidate[];
  readonly reading: ReportReading;
  /** Absent when nothing was revoked. */
  readonly revocation?: ReportRevocation;
  readonly trust: readonly ReportTrust[];
  readonly timeline: readonly ReportMoment[];
  /** The final table; the first row is its head. */
  readonly table: readonly (readonly string[])[];
}

/** One organisation of the story. */
export interface ReportOrganisation {
  readonly name: string;
  readonly role: 'clinic' | 'authority' | 'lab';
  readonly did: string;
}

/** One round of learning; accuracies are shares, 0 to 1. */
export interface ReportRound {
  readonly round: number;
  readonly ms: number;
  readonly global: number;
  /** The accuracy each clinic measured on images of its own. */
  readonly clinics: Readonly<Record<string, number>>;
}

/** One answer of the lab's search. */
export interface ReportCandidate {
  readonly name: string;
  /** Relevance and trust together, 0 to 1. */
  readonly score: number;
  readonly why: readonly string[];
}

/** What the lab had read. */
export interface ReportReading {
  readonly images: number;
  /** Share read right, 0 to 1. */
  readonly accuracy: number;
  readonly receipts: number;
  readonly msPerTask: number;
  /** Images read, by clinic. */
  readonly by: Readonly<Record<string, number>>;
  /** Some of them, to look at. */
  readonly digits?: readonly ReportDigit[];
}

/** An image of the lab and what came back. */
export interface ReportDigit {
  /** 28 by 28, row by row; 0 is paper, 255 is ink. */
  readonly pixels: Uint8Array;
  readonly truth: number;
  readonly answer: number;
  readonly by: string;
}

/** How a licence ended. */
export interface ReportRevocation {
  readonly who: string;
  /** From the authority's word until the last reachable node refuses. */
  readonly ms: number;
  readonly nodes: number;
  /** What the next task met. */
  readonly gate: string;
  readonly code: string;
  readonly message: string;
}

/** What one organisation thinks of another. */
export interface ReportTrust {
  readonly from: string;
  readonly to: string;
  /** 0 to 100. */
  readonly score: number;
  readonly state: string;
  readonly factors: readonly {
    readonly name: string;
    /** Points it can give. */
    readonly weight: number;
    /** Points it gives. */
    readonly contribution: number;
    readonly because: string;
  }[];
}

/** Something that happened; `at` in milliseconds from the start. */
export interface ReportMoment {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly kind: 'session' | 'credential' | 'round' | 'task' | 'revocation' | 'refusal' | 'note';
}

/** Moments written out in full; the picture above the list shows all of them. */
const listed = 300;

/** The page. */
export function renderReport(run: RunReport): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${run.title}</title>
<style>${style}</style>
</head>
<body>
<main>
${opening(run)}
${learning(run)}
${reading(run)}
${trust(run)}
${revocation(run)}
${timeline(run)}
${numbers(run)}
<footer>Written by the run itself, from what its organisations saw. Nothing on this page is loaded from anywhere.</footer>
</main>
</body>
</html>
`;
  return page.text;
}

function opening({
  title,
  startedAt,
  ms,
  organisations,
  rounds,
  reading,
  revocation,
}: RunReport): Html {
  const count = organisations.length;
  const last = rounds.at(-1);
  const tiles = [
    last && tile(percent(last.global), `accuracy after round ${String(last.round)}`),
    tile(String(reading.images), `images read for the lab, ${percent(reading.accuracy)} right`),
    tile(String(reading.receipts), 'receipts signed and checked'),
    revocation &&
      tile(
        `${revocation.ms.toFixed(0)} ms`,
        `until ${String(revocation.nodes)} nodes refused a revoked licence`,
      ),
  ];
  return html`<header>
<p class="eyebrow">${when(startedAt)} · ${seconds(ms)} · ${count} organisations, ${count} processes</p>
<h1>${title}</h1>
<div class="tiles">${tiles}</div>
</header>`;
}

function tile(figure: string, meaning: string): Html {
  return html`<div class="tile"><b>${figure}</b><span>${meaning}</span></div>`;
}

function learning({ rounds, organisations }: RunReport): Html {
  if (rounds.length === 0) return html``;
  const clinics = organisations.filter(({ role }) => role === 'clinic').map(({ name }) => name);
  return html`<section>
<h2>Learning together</h2>
<p>Each clinic trains on images nobody else sees and sends only its weights; the round combines them. The thin lines are the shared model as each clinic measures it.</p>
<figure>${accuracyPlot(rounds, clinics)}</figure>
<figure class="close">${roundTimes(rounds)}</figure>
</section>`;
}

function reading({ search, reading }: RunReport): Html {
  const most = Math.max(1, ...Object.values(reading.by));
  const shares = Object.entries(reading.by).map(
    ([name, images]) =>
      html`<tr><th scope="row">${name}</th><td class="wide"><i class="bar" style="width:${(100 * images) / most}%"></i></td><td class="figure">${images}</td></tr>`,
  );
  const candidates = search.map(
    ({ name, score, why: [first, ...more] }) =>
      html`<li><b>${name}</b> <span class="figure">${score.toFixed(2)}</span><br><small>${first}</small>${more.length > 0 ? html`<details class="more"><summary>and ${more.length} more reasons</summary><ul>${more.map((reason) => html`<li>${reason}</li>`)}</ul></details>` : ''}</li>`,
  );
  return html`<section>
<h2>Digits for the lab</h2>
<p>The lab has no data. It searched for somebody who reads handwritten digits, and sent ${reading.images} images as tasks, ${reading.msPerTask.toFixed(1)} ms each.</p>
<div class="columns">
<div><h3>Whom the search found</h3><ol class="candidates">${candidates}</ol></div>
<div><h3>Who read how many</h3><table class="bars">${shares}</table></div>
</div>
${reading.digits && digitPictures(reading.digits)}
</section>`;
}

function trust({ trust: opinions, organisations }: RunReport): Html {
  if (opinions.length === 0) return html``;
  const order = ['lab', 'clinic', 'authority'];
  const sorted = [...organisations].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role));
  const groups = sorted.map(({ name, role }) => {
    const mine = opinions.filter(({ from }) => from === name).sort((a, b) => b.score - a.score);
    if (mine.length === 0) return html``;
    return html`<details${role === 'lab' ? html` open` : ''}><summary>What <b>${name}</b> thinks</summary>${mine.map(opinion)}</details>`;
  });
  return html`<section>
<h2>Who trusts whom</h2>
<p>A score is what one organisation can say for itself from credentials it checked and receipts it holds, 0 to 100, a lower bound. A stranger has none.</p>
<figure>${trustGraph(opinions, organisations)}</figure>
${groups}
</section>`;
}

function opinion({ to, score, state, factors }: ReportTrust): Html {
  const coloured = factors.map((factor, i) => ({ ...factor, colour: `p${i % 5}` }));
  const giving = coloured.filter(({ contribution }) => contribution > 0);
  const silent = coloured.filter(({ contribution }) => contribution <= 0);
  const parts = giving.map(
    ({ contribution, colour }) =>
      html`<i class="part ${colour}" style="width:${contribution}%"></i>`,
  );
  const reasons = giving.map(
    ({ name, contribution, weight, because, colour }) =>
      html`<li><i class="dot ${colour}"></i><b>${name}</b><span class="figure">${contribution.toFixed(1)} of ${weight}</span><span>${because}</span></li>`,
  );
  const nothing = silent.map(({ name, because }) => `${name} (${because})`).join(', ');
  return html`<div class="opinion">
<div class="verdict"><b>${to}</b><span class="state ${stateClass(state)}">${state}</span><span class="figure">${score.toFixed(1)}</span></div>
<div class="parts">${parts}</div>
<ul>${reasons}</ul>
${nothing === '' ? '' : html`<p class="none">nothing from ${nothing}</p>`}
</div>`;
}

function revocation({ revocation: end }: RunReport): Html {
  if (end === undefined) return html``;
  return html`<section>
<h2>A licence ends</h2>
<p>The authority took back the licence of <b>${end.who}</b>. ${end.ms.toFixed(0)} ms later the last of ${end.nodes} reachable nodes refused it. The lab's next task there met the <b>${end.gate}</b> gate:</p>
<blockquote><code>${end.code}</code> ${end.message}</blockquote>
</section>`;
}

function timeline({ timeline: moments, organisations, ms }: RunReport): Html {
  if (moments.length === 0) return html``;
  const told = moments.filter(({ kind }) => kind !== 'task');
  const lines = told
    .slice(0, listed)
    .map(
      ({ at, who, what, kind }) =>
        html`<li><time>${(at / 1_000).toFixed(2)} s</time><i class="dot ${kind}"></i><b>${who}</b><span>${what}</span></li>`,
    );
  const more = told.length - lines.length;
  return html`<section>
<h2>What happened when</h2>
<figure>${lanes(
    moments,
    organisations.map(({ name }) => name),
    ms,
  )}</figure>
<details><summary>Moment by moment</summary><ol class="moments">${lines}</ol>${more > 0 ? html`<p>... and ${more} more</p>` : ''}</details>
</section>`;
}

function numbers({ table, organisations }: RunReport): Html {
  const [head = [], ...rows] = table;
  const cell = (text: string, i: number) =>
    i === 0
      ? html`<th scope="row">${text}</th>`
      : html`<td${isFigure(text) ? html` class="figure"` : ''}>${text}</td>`;
  return html`<section>
<h2>In figures</h2>
<div class="scroll"><table class="figures">
<thead><tr>${head.map((text, i) => html`<th scope="col"${rows.every((row) => isFigure(row[i] ?? '')) ? html` class="figure"` : ''}>${text}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody>
</table></div>
<dl class="ids">${organisations.map(({ name, did }) => html`<dt>${name}</dt><dd><code>${did}</code></dd>`)}</dl>
</section>`;
}

function isFigure(text: string): boolean {
  return /^[-–\d]/.test(text) || text === '';
}

function stateClass(state: string): string {
  return /^[a-z]+$/.test(state) ? state : 'unknown';
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function when(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
}
