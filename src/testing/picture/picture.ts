/**
 * The picture of a run: one HTML file that needs nothing else and plays what happened.
 * @module
 */
import { MeshError } from '../../base/errors.ts';
import type { TraceJson, TraceView } from '../simulation/trace.ts';
import { failureOf } from './failure.ts';
import { eventListOf } from './page/event-list.ts';
import { eventsThrough } from './page/filter.ts';
import { layoutOf } from './page/layout.ts';
import { play } from './page/player.ts';
import { stageOf } from './page/stage.ts';
import { storyOf } from './page/story.ts';
import { style } from './page/style.ts';
import { timelineOf } from './page/timeline.ts';
import { type PictureData, pictureData } from './picture-data.ts';

/** Options of {@link simulationPicture}. */
export interface PictureOptions {
  /** Heading of the page. Default: the seed. */
  readonly title?: string;
  /**
   * What the run failed with, as `assertInvariants`, `forSeeds` or the test threw it: the page marks the place and tells what
   * led there. Default: the first event `invariant.broken`, if there is one.
   */
  readonly failure?: unknown;
  /**
   * Events the page holds. Default 100,000. Of a longer trace, messages and writes far from the failure are left out first, and
   * the page says so.
   */
  readonly maxEvents?: number;
}

const defaultMaxEvents = 100_000;

/**
 * A self-contained HTML page that plays the run of `trace`: nodes, messages under way, cuts, crashes and pauses on virtual time, a
 * list of events to filter, the state of each node, and, when the run failed, where and after what. Texts of the trace
 * are shown as text, whatever they contain. Throws `INVALID_ARGUMENT` when `maxEvents` is not a whole number above 0.
 *
 * @example
 * ```ts
 * try {
 *   mesh.assertInvariants();
 * } catch (failure) {
 *   writeFileSync('failure.html', simulationPicture(mesh.trace(), { failure }));
 *   throw failure;
 * }
 * ```
 */
export function simulationPicture(
  trace: TraceView | TraceJson,
  options: PictureOptions = {},
): string {
  const { maxEvents = defaultMaxEvents } = options;
  if (!(Number.isSafeInteger(maxEvents) && maxEvents >= 1)) {
    const expected = 'a whole number above 0';
    throw new MeshError('INVALID_ARGUMENT', { argument: 'maxEvents', expected, got: maxEvents });
  }
  const json = 'toJSON' in trace ? trace.toJSON() : trace;
  const title = options.title ?? `Run of seed ${String(json.seed)}`;
  return pageOf(pictureData(json, title, failureOf(json, options.failure), maxEvents));
}

/** Scripts and styles of the page carry this word; no others run, whatever a trace contains. */
const nonce = 'picture';
const contentPolicy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'`;

/** Functions whose source goes into the page; see `page/story.ts`. */
const parts = { storyOf, layoutOf, stageOf, eventListOf, eventsThrough, timelineOf } as const;

function pageOf(data: PictureData): string {
  const { title, seed, hash, nodes, rows, notes } = data;
  const facts = [
    `seed ${String(seed)}`,
    `${String(nodes.length)} nodes`,
    `${rows.length.toLocaleString('en')} events`,
  ];
  const source = Object.entries(parts)
    .map(([name, part]) => `${name}: ${part.toString()}`)
    .join(',\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
${facts.map((fact) => `<span>${fact}</span>`).join('\n')}
<span class="hash" title="The same for two runs in which the same happened">${escaped(hash)}</span>
<ul id="notes">${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>
</header>
${failurePanel}
<main>
<section id="mesh" aria-label="The mesh">
<ul id="harm" aria-label="Harm at work"></ul>
<div id="stage"><canvas id="street" aria-hidden="true"></canvas></div>
</section>
<aside aria-label="Events">
${nodePanel}
<form id="filters" aria-label="Filter">
<select id="what" aria-label="Which events"></select>
<select id="who" aria-label="Of which node"></select>
<input id="search" type="search" placeholder="Words in type, node or members" aria-label="Words">
<output id="found"></output>
</form>
<div id="events" role="listbox" tabindex="0" aria-label="Events; arrow keys move through them and take the clock along"></div>
</aside>
</main>
${footer}
<script type="application/json" id="run">${inScript(JSON.stringify(data))}</script>
<script nonce="${nonce}">
'use strict';
(${play.toString()})(JSON.parse(document.getElementById('run').textContent), {
${source}
});
</script>
</body>
</html>
`;
}

const failurePanel = `<section id="failure" aria-label="Failure" hidden>
<div class="line"><h2>Failed: <span id="law"></span></h2><span id="when"></span><button type="button" id="to-failure">Go there</button></div>
<p id="why"></p>
<details open><summary>What led there</summary><ol id="because"></ol></details>
<code id="replay"></code>
</section>`;

const nodePanel = `<section id="node" aria-label="Node" hidden>
<div class="line"><h2 id="node-name"></h2><button type="button" id="node-close" aria-label="Close">×</button></div>
<dl id="node-facts"></dl>
</section>`;

const footer = `<footer>
<div id="controls">
<button type="button" id="play" aria-pressed="false">Play</button>
<button type="button" id="back" aria-label="Event before" title="Event before">‹</button>
<button type="button" id="forth" aria-label="Next event" title="Next event">›</button>
<select id="speed" aria-label="Speed: virtual seconds a second"></select>
<span id="clock" role="timer" aria-label="Virtual time"></span>
</div>
<div id="track">
<canvas id="timeline" aria-hidden="true"></canvas>
<input id="scrubber" type="range" min="0" step="1" value="0" aria-label="Virtual time">
</div>
<ul id="legend">
<li class="s-cut">cut</li><li class="s-down">down</li><li class="s-pause">paused</li><li class="s-ill">slow, disk, clock, street</li><li class="s-failed" id="legend-failure" hidden>failure</li>
<li class="keys"><kbd>space</kbd> play · <kbd>,</kbd> <kbd>.</kbd> step <span id="key-failure" hidden>· <kbd>f</kbd> failure</span> · <kbd>esc</kbd> leave the node</li>
</ul>
</footer>`;

/** `text` as it may stand in markup and attributes. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => `&#${String(sign.charCodeAt(0))};`)
    .replaceAll('\0', '\ufffd');
}

/** JSON as it may stand in a script: no text in it can end the element. */
function inScript(json: string): string {
  return json.replaceAll('<', String.raw`\u003c`);
}
