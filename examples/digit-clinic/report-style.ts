// How the report looks, in daylight and in the dark.
import { Html } from './html.ts';

const css = `
:root {
  --paper: #fdfdfc; --card: #ffffff; --ink: #17191d; --soft: #5d636c; --rule: #e2e4e7; --faint: #f2f3f5;
  --accent: #0f766e; --good: #0f8a5f; --warn: #b7791f; --bad: #c2342c; --none: #9aa0a8;
  --c0: #2f6bd8; --c1: #c26a12; --c2: #8a4bc9; --c3: #0a8aa8; --c4: #b83280; --c5: #5c7c12;
  --serif: 'Iowan Old Style', 'Palatino Linotype', Palatino, 'Book Antiqua', Georgia, serif;
  --sans: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15161a; --card: #1c1e23; --ink: #ecebe6; --soft: #a19e95; --rule: #30323a; --faint: #22242a;
    --accent: #4fd1c0; --good: #4cc38a; --warn: #e3b04b; --bad: #f27a70; --none: #6d6a63;
    --c0: #7aa7ff; --c1: #f0a35a; --c2: #c39bf5; --c3: #5cc8e0; --c4: #f08cc0; --c5: #a9cc5a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 var(--sans); -webkit-text-size-adjust: 100%; }
main { max-width: 1000px; margin: 0 auto; padding: 72px 40px 96px; }
h1 { font: 600 46px/1.12 var(--serif); letter-spacing: -0.015em; margin: 6px 0 34px; max-width: 20em; text-wrap: balance; }
h2 { font: 600 28px/1.2 var(--serif); letter-spacing: -0.01em; margin: 0 0 10px; }
h3 { font: 600 13px/1.4 var(--sans); color: var(--soft); margin: 0 0 10px; }
p { margin: 0 0 18px; max-width: 44em; }
section { margin-top: 76px; }
small { display: inline-block; color: var(--soft); font-size: 14px; line-height: 1.45; }
code { font: 0.86em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.eyebrow { color: var(--soft); font-size: 15px; margin: 0; }
.figure, .tile b, time, text { font-variant-numeric: tabular-nums; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 1px; background: var(--rule); border: 1px solid var(--rule); border-radius: 14px; overflow: hidden; }
.tile { background: var(--card); padding: 22px 24px; }
.tile b { display: block; font: 600 38px/1.1 var(--serif); letter-spacing: -0.02em; color: var(--accent); }
.tile span { display: block; margin-top: 8px; color: var(--soft); font-size: 15px; line-height: 1.4; }
figure { margin: 22px 0 0; } figure.close { margin-top: 4px; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(62px, 1fr)); gap: 14px; margin: 34px 0 0; padding: 0; list-style: none; font-size: 14px; text-align: center; }
.digits svg { min-width: 0; background: var(--faint); border-radius: 6px; } .digits path { fill: var(--ink); opacity: 0.42; } .digits span { display: block; margin-top: 4px; font-weight: 600; font-variant-numeric: tabular-nums; }
.digits .wrong svg { outline: 2px solid var(--bad); } .digits .wrong span { color: var(--bad); white-space: nowrap; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
text { font: 13px var(--sans); fill: var(--ink); }
.tick { fill: var(--soft); font-size: 12.5px; }
.grid { stroke: var(--rule); }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; opacity: 0.85; }
.line.shared { stroke: var(--ink); stroke-width: 3.2; opacity: 1; }
circle.shared { fill: var(--paper); stroke: var(--ink); stroke-width: 2.6; }
.label { font-weight: 500; } .label.shared { fill: var(--ink); font-weight: 700; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); }
.label.c0 { fill: var(--c0); } .label.c1 { fill: var(--c1); } .label.c2 { fill: var(--c2); } .label.c3 { fill: var(--c3); } .label.c4 { fill: var(--c4); } .label.c5 { fill: var(--c5); }
.time { fill: var(--rule); }
.point { fill: var(--c0); } .point.c1 { fill: var(--c1); } .point.c2 { fill: var(--c2); } .point.c3 { fill: var(--c3); } .point.c4 { fill: var(--c4); } .point.c5 { fill: var(--c5); }
.columns { display: grid; grid-template-columns: 1.2fr 1fr; gap: 48px; margin-top: 26px; }
.candidates { margin: 0; padding: 0; list-style: none; counter-reset: rank; }
.candidates > li { position: relative; padding: 0 0 14px 34px; counter-increment: rank; }
.candidates > li::before { content: counter(rank); position: absolute; left: 0; color: var(--none); font: 600 22px/1.2 var(--serif); }
.candidates .more, .candidates .more:last-of-type { border: 0; padding: 0; font-size: 14px; color: var(--soft); } .more ul { margin: 2px 0 0; padding: 0; list-style: none; } .candidates .more li { padding: 1px 0; }
.candidates .figure { float: right; color: var(--accent); font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th { text-align: left; font-weight: 600; }
.bars th { font-weight: 500; width: 1%; white-space: nowrap; padding: 5px 14px 5px 0; }
.bars .wide { width: 100%; } .bars .figure { padding-left: 12px; text-align: right; }
.bar { display: block; height: 12px; border-radius: 3px; background: var(--accent); opacity: 0.85; min-width: 2px; }
.arrow { fill: none; stroke: var(--none); opacity: 0.75; }
.arrow.trusted { stroke: var(--good); } .arrow.probation { stroke: var(--warn); } .arrow.degraded, .arrow.quarantined { stroke: var(--bad); } .arrow.unknown { stroke-dasharray: 3 5; }
.head path { fill: var(--none); } .head.trusted path { fill: var(--good); } .head.probation path { fill: var(--warn); } .head.degraded path, .head.quarantined path { fill: var(--bad); }
.weight { font-size: 12.5px; font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; fill: var(--soft); }
.weight.trusted { fill: var(--good); } .weight.probation { fill: var(--warn); } .weight.degraded, .weight.quarantined { fill: var(--bad); }
.node circle { fill: var(--card); stroke: var(--soft); stroke-width: 2.2; } .node text { font-weight: 600; } .node .name { font-weight: 500; fill: var(--soft); paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; }
.node.c0 circle { stroke: var(--c0); } .node.c1 circle { stroke: var(--c1); } .node.c2 circle { stroke: var(--c2); } .node.c3 circle { stroke: var(--c3); } .node.c4 circle { stroke: var(--c4); } .node.c5 circle { stroke: var(--c5); } .node.lab circle { stroke: var(--accent); }
details { border-top: 1px solid var(--rule); padding: 14px 0; } details:last-of-type { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; }
summary::marker { color: var(--none); }
figure + details { margin-top: 18px; }
.opinion { padding: 18px 0 4px; }
.verdict { display: flex; align-items: baseline; gap: 12px; }
.verdict .figure { margin-left: auto; font: 600 20px/1 var(--serif); }
.state { font-size: 13px; padding: 1px 9px; border-radius: 99px; background: var(--faint); color: var(--soft); }
.state.trusted { color: var(--good); } .state.probation { color: var(--warn); } .state.degraded, .state.quarantined { color: var(--bad); }
.parts { display: flex; height: 8px; margin: 8px 0 10px; background: var(--faint); border-radius: 4px; overflow: hidden; }
.part { display: block; } .part { border-right: 2px solid var(--paper); }
.opinion ul { margin: 0; padding: 0; list-style: none; font-size: 14.5px; color: var(--soft); }
.opinion li { display: grid; grid-template-columns: 10px 92px 92px 1fr; gap: 10px; align-items: baseline; } .opinion li b { color: var(--ink); font-weight: 500; }
.opinion .none { margin: 2px 0 0 20px; font-size: 14.5px; color: var(--soft); opacity: 0.75; }
blockquote { margin: 0; padding: 14px 18px; background: var(--faint); border-radius: 8px; font-size: 15px; }
blockquote code { color: var(--bad); font-weight: 600; margin-right: 8px; }
.lane { stroke: var(--rule); stroke-width: 1; } svg .name { font-weight: 500; }
.mark { fill: var(--none); stroke: var(--paper); stroke-width: 1.4; } .mark.session { fill: var(--c3); } .mark.credential { fill: var(--c2); } .mark.round { fill: var(--good); } .mark.revocation, .mark.refusal { fill: var(--bad); }
line.task { stroke: var(--c0); stroke-width: 1.4; opacity: 0.55; }
line.cut { stroke: var(--bad); stroke-dasharray: 4 4; } text.cut { fill: var(--bad); font-weight: 600; font-size: 12.5px; }
.moments { margin: 14px 0 0; padding: 0; list-style: none; font-size: 14.5px; max-height: 460px; overflow: auto; }
.moments li { display: grid; grid-template-columns: 76px 12px 110px 1fr; gap: 12px; padding: 3px 0; align-items: baseline; }
.moments time { color: var(--soft); text-align: right; } .moments b { font-weight: 600; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; background: var(--none); } .dot.session { background: var(--c3); } .dot.credential { background: var(--c2); } .dot.round { background: var(--good); } .dot.revocation, .dot.refusal { background: var(--bad); }
.p0, .dot.p0 { background: var(--c0); } .p1, .dot.p1 { background: var(--accent); } .p2, .dot.p2 { background: var(--c2); } .p3, .dot.p3 { background: var(--c1); } .p4, .dot.p4 { background: var(--c4); }
.scroll { overflow-x: auto; margin-top: 20px; }
.figures th, .figures td { padding: 9px 18px 9px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
.figures thead th { color: var(--soft); font-size: 13px; font-weight: 600; white-space: nowrap; } .figures .figure { text-align: right; white-space: nowrap; }
.figures tr > :last-child { padding-right: 0; }
.ids { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 26px 0 0; font-size: 14px; color: var(--soft); } .ids dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 84px; padding-top: 18px; border-top: 1px solid var(--rule); color: var(--soft); font-size: 14px; }
@media (max-width: 720px) {
  main { padding: 40px 20px 64px; } h1 { font-size: 34px; } .columns { grid-template-columns: 1fr; gap: 28px; } .opinion li { grid-template-columns: 10px 1fr auto; } .opinion li span:last-child { grid-column: 2 / -1; }
  figure { overflow-x: auto; } svg { min-width: 640px; } .moments li { grid-template-columns: 64px 10px 1fr; } .moments span { grid-column: 3; }
}
@media print { body { background: #fff; } section { break-inside: avoid; margin-top: 40px; } .moments { max-height: none; } }
`;

/** The style sheet. */
export const style = new Html(css);
