// Pictures of the run: accuracy by round, time by round, and a lane of moments for each organisation. SVG, coloured by the page's style.
import { type Html, html } from './html.ts';
import type { ReportMoment, ReportRound } from './report.ts';

const width = 920;

/** Accuracy by round: the shared model as a thick line, each clinic's measurement as a thin one. */
export function accuracyPlot(rounds: readonly ReportRound[], clinics: readonly string[]): Html {
  const box = { left: 52, right: 150, top: 18, bottom: 34, height: 330 };
  const all = rounds.flatMap((round) => [round.global, ...Object.values(round.clinics)]);
  const ticks = shares(Math.min(...all), Math.max(...all));
  const [low = 0, high = 1] = [ticks[0], ticks.at(-1)];
  const x = across(rounds.length, box.left, width - box.right);
  const y = (share: number) =>
    box.height - box.bottom - ((share - low) / (high - low)) * (box.height - box.top - box.bottom);
  const line = (values: readonly number[], kind: string) =>
    html`<polyline class="line ${kind}" points="${values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}"/>`;
  const series = clinics.map((name, i) => ({
    name,
    kind: `c${String(i % 6)}`,
    values: rounds.map((round) => round.clinics[name] ?? round.global),
  }));
  const shared = {
    name: 'shared model',
    kind: 'shared',
    values: rounds.map(({ global }) => global),
  };
  const labels = spread(
    [...series, shared].map(({ name, kind, values }) => ({
      name,
      kind,
      y: y(values.at(-1) ?? low),
    })),
    17,
    { top: box.top + 4, bottom: box.height - box.bottom },
  );
  const end = width - box.right;
  const every = Math.ceil(rounds.length / 16);
  return html`<svg viewBox="0 0 ${width} ${box.height}" role="img" aria-label="Accuracy by round">
${ticks.map((tick) => html`<line class="grid" x1="${box.left}" x2="${end}" y1="${y(tick)}" y2="${y(tick)}"/><text class="tick" x="${box.left - 10}" y="${y(tick) + 4}" text-anchor="end">${Math.round(tick * 100)} %</text>`)}
${rounds.map(({ round }, i) => (i % every === 0 ? html`<text class="tick" x="${x(i)}" y="${box.height - 10}" text-anchor="middle">${round}</text>` : ''))}
<text class="tick" x="${end + 16}" y="${box.height - 10}">round</text>
${series.map(({ values, kind }) => (rounds.length > 1 ? line(values, kind) : html`<circle class="point ${kind}" cx="${x(0)}" cy="${y(values[0] ?? low)}" r="4"/>`))}
${line(shared.values, shared.kind)}
${rounds.map(({ round, global }, i) => html`<circle class="shared" cx="${x(i)}" cy="${y(global)}" r="4.5"><title>round ${round}: ${(global * 100).toFixed(2)} %</title></circle>`)}
${labels.map(({ name, kind, y: at }) => html`<text class="label ${kind}" x="${end + 16}" y="${at + 4}">${name}</text>`)}
</svg>`;
}

/** How long each round took. */
export function roundTimes(rounds: readonly ReportRound[]): Html {
  const [left, right, height] = [52, 150, 74];
  const longest = Math.max(1, ...rounds.map(({ ms }) => ms));
  const step = (width - left - right) / Math.max(1, rounds.length - 1);
  const x = across(rounds.length, left, width - right);
  const bar = Math.min(26, Math.max(4, step * 0.5));
  const bars = rounds.map(({ round, ms }, i) => {
    const tall = Math.max(1, (ms / longest) * 40);
    const at = x(i);
    const text =
      rounds.length <= 16
        ? html`<text class="tick" x="${at}" y="${height - tall - 8}" text-anchor="middle">${(ms / 1_000).toFixed(1)}</text>`
        : '';
    return html`<rect class="time" x="${at - bar / 2}" y="${height - tall - 2}" width="${bar}" height="${tall}" rx="2"><title>round ${round}: ${(ms / 1_000).toFixed(2)} s</title></rect>${text}`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Seconds by round">${bars}<text class="tick" x="${width - right + 24}" y="${height - 6}">seconds a round</text></svg>`;
}

/** One lane for each organisation, a mark for each moment, and a line where a licence was taken back. */
export function lanes(
  moments: readonly ReportMoment[],
  organisations: readonly string[],
  ms: number,
): Html {
  const [left, right, top, lane] = [110, 24, 30, 38];
  const height = top + organisations.length * lane + 34;
  const end = Math.max(ms, ...moments.map(({ at }) => at), 1);
  const x = (at: number) => left + (at / end) * (width - left - right);
  const y = (who: string) => top + (organisations.indexOf(who) + 0.5) * lane;
  const shown = moments.filter(({ who }) => organisations.includes(who));
  const revoked = moments.find(({ kind }) => kind === 'revocation');
  const step = niceStep(end / 8);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  const kinds = [...new Set(shown.map(({ kind }) => kind))];
  return html`<svg viewBox="0 0 ${width} ${height + 26}" role="img" aria-label="Moments by organisation">
${ticks.map((at) => html`<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="${top}" y2="${height - 30}"/><text class="tick" x="${x(at)}" y="${height - 12}" text-anchor="middle">${seconds(at)}</text>`)}
${organisations.map((name) => html`<line class="lane" x1="${left}" x2="${width - right}" y1="${y(name)}" y2="${y(name)}"/><text class="name" x="${left - 16}" y="${y(name) + 4}" text-anchor="end">${name}</text>`)}
${revoked && html`<line class="cut" x1="${x(revoked.at)}" x2="${x(revoked.at)}" y1="${top - 8}" y2="${height - 30}"/><text class="cut" x="${x(revoked.at) > width / 2 ? x(revoked.at) - 8 : x(revoked.at) + 8}" y="${top - 12}" text-anchor="${x(revoked.at) > width / 2 ? 'end' : 'start'}">licence revoked</text>`}
${shown.map((moment) => mark(moment, x(moment.at), y(moment.who)))}
${kinds.map((kind, i) => html`<g transform="translate(${left + i * 110} ${height + 12})">${mark({ at: 0, who: '', what: kind, kind }, 5, 0)}<text class="tick" x="18" y="4">${kind}</text></g>`)}
</svg>`;
}

function mark({ at, who, what, kind }: ReportMoment, x: number, y: number): Html {
  const title = html`<title>${seconds(at)} ${who}: ${what}</title>`;
  if (kind === 'task') {
    return html`<line class="task" x1="${x}" x2="${x}" y1="${y - 7}" y2="${y + 7}">${title}</line>`;
  }
  if (kind === 'revocation' || kind === 'refusal') {
    const points = `${x.toFixed(1)},${(y - 7).toFixed(1)} ${(x + 7).toFixed(1)},${(y + 6).toFixed(1)} ${(x - 7).toFixed(1)},${(y + 6).toFixed(1)}`;
    return html`<polygon class="mark ${kind}" points="${points}">${title}</polygon>`;
  }
  return html`<circle class="mark ${kind}" cx="${x}" cy="${y}" r="${kind === 'note' ? 3.5 : 5}">${title}</circle>`;
}

/** Where the `i`th of `count` rounds stands between `left` and `right`; a single one in the middle. */
function across(count: number, left: number, right: number): (i: number) => number {
  return (i) => (count === 1 ? (left + right) / 2 : left + (i / (count - 1)) * (right - left));
}

/** Round shares that hold `low` and `high`, at least three. */
function shares(low: number, high: number): readonly number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((each) => (high - low) / each <= 5) ?? 0.25;
  const from = Math.max(0, Math.floor(low / step) * step);
  const to = Math.min(1, Math.max(Math.ceil(high / step) * step, from + 2 * step));
  const count = Math.round((to - from) / step);
  return Array.from({ length: count + 1 }, (_, i) => Math.min(1, from + i * step));
}

/** Moves labels apart until each has `room`, in their order of height. */
function spread<T extends { readonly y: number }>(
  labels: readonly T[],
  room: number,
  box: { readonly top: number; readonly bottom: number },
): readonly T[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  let lowest = box.top - room;
  const down = sorted.map((label) => {
    lowest = Math.max(label.y, lowest + room);
    return { ...label, y: lowest };
  });
  const over = Math.max(0, lowest - box.bottom);
  let highest = Infinity;
  return down
    .reverse()
    .map((label) => {
      highest = Math.min(label.y - (over > 0 ? over : 0), highest - room);
      return { ...label, y: over > 0 ? Math.max(highest, box.top) : label.y };
    })
    .reverse();
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms % 1_000 === 0 ? 0 : 1)} s`;
}
