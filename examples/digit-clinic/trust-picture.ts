// The graph of trust: organisations in a circle, an arrow for each opinion, its weight and colour by score and state.
import { type Html, html } from './html.ts';
import type { ReportOrganisation, ReportTrust } from './report.ts';

const [width, height] = [920, 460];
const radius = 27;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Whoever knows nothing of another has no arrow. Arrows bend to their left, so that the two opinions of a pair do not cover each other. */
export function trustGraph(
  opinions: readonly ReportTrust[],
  organisations: readonly ReportOrganisation[],
): Html {
  const places = new Map(
    organisations.map(({ name }, i) => [name, place(i, organisations.length)]),
  );
  const known = opinions.filter(({ score, state }) => score > 0 || state !== 'unknown');
  const arrows = known.map((opinion) => {
    const [from, to] = [places.get(opinion.from), places.get(opinion.to)];
    return from === undefined || to === undefined ? html`` : arrow(opinion, from, to);
  });
  const clinics = organisations.filter(({ role }) => role === 'clinic').map(({ name }) => name);
  const nodes = organisations.map(({ name, role, did }) => {
    const { x, y } = places.get(name) ?? { x: 0, y: 0 };
    const kind = role === 'clinic' ? `c${String(clinics.indexOf(name) % 6)}` : role;
    return html`<g class="node ${kind}"><title>${did}</title><circle cx="${x}" cy="${y}" r="${radius}"/><text x="${x}" y="${y + 5}" text-anchor="middle">${initials(name)}</text>${caption(name, x, y)}</g>`;
  });
  const states = ['trusted', 'probation', 'unknown', 'degraded', 'quarantined'];
  const used = states.filter((state) => known.some((opinion) => opinion.state === state));
  const legend = used.map(
    (state, i) =>
      html`<g transform="translate(${24 + i * 120} ${height - 14})"><line class="arrow ${state}" x1="0" x2="26" y1="-4" y2="-4" stroke-width="3"/><text class="tick" x="34">${state}</text></g>`,
  );
  const heads = states.map(
    (state) =>
      html`<marker id="head-${state}" class="head ${state}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.8 L10 5 L0 9.2 z"/></marker>`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Who trusts whom"><defs>${heads}</defs>${arrows}${nodes}${legend}</svg>`;
}

function place(i: number, count: number): Point {
  const angle = (i / count) * 2 * Math.PI - Math.PI / 2;
  return { x: width / 2 + 310 * Math.cos(angle), y: height / 2 - 8 + 172 * Math.sin(angle) };
}

function arrow(
  { from: a, to: b, score, state, factors }: ReportTrust,
  from: Point,
  to: Point,
): Html {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  const bend = Math.min(46, length * 0.13);
  const control = {
    x: (from.x + to.x) / 2 + (dy / length) * bend,
    y: (from.y + to.y) / 2 - (dx / length) * bend,
  };
  const start = towards(from, control, radius + 3);
  const end = towards(to, control, radius + 5);
  const middle = {
    x: (start.x + 2 * control.x + end.x) / 4,
    y: (start.y + 2 * control.y + end.y) / 4,
  };
  const kind = /^(trusted|probation|degraded|quarantined)$/.test(state) ? state : 'unknown';
  const why = factors.filter(({ contribution }) => contribution > 0).map(({ because }) => because);
  const path = `M${point(start)} Q${point(control)} ${point(end)}`;
  return html`<g><title>${a} trusts ${b} ${score.toFixed(1)} (${state}): ${why.join('; ') || 'nothing is known'}</title><path class="arrow ${kind}" d="${path}" stroke-width="${1.2 + (score / 100) * 4}" marker-end="url(#head-${kind})"/><text class="weight ${kind}" x="${middle.x}" y="${middle.y + 4}" text-anchor="middle">${score.toFixed(0)}</text></g>`;
}

/** The point `distance` away from `from`, in the direction of `to`. */
function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return {
    x: from.x + ((to.x - from.x) / length) * distance,
    y: from.y + ((to.y - from.y) / length) * distance,
  };
}

function caption(name: string, x: number, y: number): Html {
  const left = x < width / 2 - 40;
  const beside = Math.abs(x - width / 2) > 40;
  const at = beside
    ? { x: left ? x - radius - 10 : x + radius + 10, y: y + 5 }
    : { x: x + radius + 10, y: y + 5 };
  return html`<text class="name" x="${at.x}" y="${at.y}" text-anchor="${beside && left ? 'end' : 'start'}">${name}</text>`;
}

/** `clinic-2` becomes `C2`, `authority` becomes `AU`. */
function initials(name: string): string {
  const [first = '', ...more] = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const letters =
    more.length > 0 ? [first, ...more].map((word) => word.slice(0, 1)).join('') : first;
  return letters.slice(0, more.length > 0 ? 3 : 2).toUpperCase();
}

function point({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
