/**
 * How the page looks, in light and in dark.
 * @module
 */

/** A style sheet. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f7f8fa, #14171c);
  --paper: light-dark(#ffffff, #1c2027);
  --ink: light-dark(#1b2330, #e6e9ef);
  --faint: light-dark(#5a6575, #9aa5b4);
  --line: light-dark(#c6cedb, #3d4654);
  --edge: light-dark(#dfe4eb, #2b313b);
  --accent: light-dark(#2159c9, #82abff);
  --idle: light-dark(#8b97a8, #7d8899);
  --message: light-dark(#2159c9, #82abff);
  --cut: light-dark(#c9302c, #ff7b72);
  --down: light-dark(#6a4fb3, #b69cff);
  --pause: light-dark(#9a6700, #e3b341);
  --ill: light-dark(#b0500a, #f0883e);
  --failed: light-dark(#b3131f, #ff6b70);
  --failed-ground: light-dark(#fdecec, #3a1c20);
  --org-0: light-dark(#2f6fdb, #6ea1ff);
  --org-1: light-dark(#14845c, #4cc38a);
  --org-2: light-dark(#a8551c, #e5985a);
  --org-3: light-dark(#8544b8, #c08cf0);
  --org-4: light-dark(#0e7f92, #4fbfd1);
  --org-5: light-dark(#b03a76, #ee84b8);
  --org-6: light-dark(#647012, #b5c24b);
  --org-7: light-dark(#5b6472, #a8b1be);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body {
  display: flex; flex-direction: column;
  background: var(--ground); color: var(--ink);
  font: 14px/1.4 system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif;
}
button, select, input { font: inherit; color: inherit; }
button, select, input[type='search'] {
  background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; min-height: 30px;
}
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
h1, h2, p, ol, ul, dl, dd { margin: 0; padding: 0; }
ol, ul { list-style: none; }
.probe { position: absolute; visibility: hidden; }
.hash, .time, .rows, code { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', monospace; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 18px; padding: 10px 16px 8px; }
header h1 { font-size: 16px; }
header span, header li { color: var(--faint); font-size: 13px; }
#notes { flex-basis: 100%; }
#failure {
  margin: 0 16px 8px; padding: 8px 12px; border-radius: 8px; flex: none; max-height: 32vh; overflow: auto;
  background: var(--failed-ground); border-left: 4px solid var(--failed);
}
#failure .line { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; }
#failure h2 { font-size: 14px; color: var(--failed); }
#failure code { font-size: 12px; }
#when { color: var(--faint); }
#failure details { margin-top: 4px; }
#failure summary { cursor: pointer; width: max-content; }
main { flex: 1 1 0; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr) minmax(340px, 38%); gap: 12px; padding: 0 16px; min-height: 0; }
#mesh { display: flex; flex-direction: column; min-height: 0; overflow: hidden; background: var(--paper); border: 1px solid var(--edge); border-radius: 10px; }
#stage { position: relative; flex: 1 1 0; min-height: 0; }
#street { position: absolute; inset: 0; width: 100%; height: 100%; }
#harm { display: flex; gap: 6px; height: 40px; padding: 10px 12px 0; font-size: 12.5px; }
#harm li { flex: 0 1 auto; min-width: 60px; height: 24px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: 1px 8px; border-radius: 5px; border: 1px solid; }
#harm .cut { color: var(--cut); } #harm .ill { color: var(--ill); } #harm .down { color: var(--down); } #harm .pause { color: var(--pause); }
.node {
  position: absolute; translate: -50% -50%; padding: 5px 12px; min-height: 0; border-radius: 18px; z-index: 1;
  display: flex; flex-direction: column; align-items: center; line-height: 1.2; white-space: nowrap;
  background: var(--paper); border: 2px solid var(--org); font-weight: 600; font-size: 13px;
}
.node .badge { position: absolute; top: calc(100% + 2px); font-weight: 500; font-size: 11.5px; color: var(--faint); background: var(--paper); border-radius: 4px; padding: 0 3px; }
.node .badge:empty { display: none; }
[data-crowd='many'] .node { font-size: 12px; padding: 3px 8px; }
[data-crowd='crowd'] .node { font-size: 11px; padding: 1px 6px; border-width: 1.5px; }
[data-crowd='crowd'] .badge { font-size: 10px; top: 100%; }
.node[data-busy='true'] { background: color-mix(in srgb, var(--org) 20%, var(--paper)); }
.node[data-state='down'] { border-style: dashed; border-color: var(--down); color: var(--faint); }
.node[data-state='down'] .name { text-decoration: line-through; }
.node[data-state='down'] .badge { color: var(--down); }
.node[data-state='paused'] { border-style: double; border-color: var(--pause); }
.node[data-state='paused'] .badge { color: var(--pause); }
.node[data-state='ill'] .badge { color: var(--ill); }
.node[aria-pressed='true'] { box-shadow: 0 0 0 3px var(--paper), 0 0 0 5px var(--accent); z-index: 3; }
aside { display: flex; flex-direction: column; gap: 8px; min-height: 0; }
#node { flex: 0 1 auto; max-height: 50%; overflow: auto; background: var(--paper); border: 1px solid var(--edge); border-radius: 10px; padding: 8px 12px; }
#node .line { display: flex; justify-content: space-between; align-items: center; }
#node h2 { font-size: 14px; }
#node dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 12px; margin: 4px 0 6px; font-size: 13px; }
#node dt { color: var(--faint); }
#node dd { white-space: pre-line; overflow-wrap: anywhere; }
.jump { display: flex; gap: 10px; width: 100%; min-height: 0; padding: 1px 6px; border: 0; background: none; text-align: left; font-size: 12.5px; white-space: nowrap; overflow: hidden; }
.jump:hover, .row:hover { background: color-mix(in srgb, var(--accent) 10%, transparent); }
.jump .text { overflow: hidden; text-overflow: ellipsis; color: var(--faint); }
.jump .type { font-weight: 600; }
#because .who { min-width: 70px; }
#filters { display: grid; grid-template-columns: 1.4fr 1fr; gap: 6px; }
#filters > * { min-width: 0; width: 100%; }
#search { grid-column: 1 / -1; }
#found { grid-column: 1 / -1; color: var(--faint); font-size: 12.5px; }
#events { position: relative; flex: 1 1 0; min-height: 80px; overflow: auto; background: var(--paper); border: 1px solid var(--edge); border-radius: 10px; }
.rows { position: relative; font-size: 12px; }
.row { position: absolute; left: 0; right: 0; height: 26px; padding: 0 10px; display: flex; align-items: center; gap: 10px; white-space: nowrap; cursor: pointer; border-left: 3px solid transparent; }
.row .time { color: var(--faint); flex: none; }
.row .who { flex: none; min-width: 72px; overflow: hidden; text-overflow: ellipsis; max-width: 120px; }
.row .type { flex: none; font-weight: 600; }
.row .text { color: var(--faint); overflow: hidden; text-overflow: ellipsis; min-width: 0; }
.row[aria-selected='true'] { background: color-mix(in srgb, var(--accent) 18%, transparent); border-left-color: var(--accent); }
[data-kind='fault'] .type { color: var(--cut); } [data-kind='life'] .type { color: var(--down); }
[data-kind='task'] .type { color: var(--accent); } [data-kind='session'] .type { color: var(--org-4); } [data-kind='agent'] .type { color: var(--org-1); }
[data-failing='true'] { background: var(--failed-ground); border-left-color: var(--failed); }
[data-failing='true'] .type { color: var(--failed); }
footer { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 14px; padding: 10px 16px 12px; align-items: center; }
#controls { display: flex; gap: 6px; align-items: center; }
#play { min-width: 74px; background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 600; }
#clock { font-size: 17px; font-weight: 600; min-width: 112px; text-align: right; font-variant-numeric: tabular-nums; font-family: ui-monospace, 'Liberation Mono', monospace; }
#track { position: relative; height: 84px; }
#timeline { position: absolute; inset: 0 8px 18px; width: calc(100% - 16px); height: 66px; }
#scrubber { position: absolute; left: 0; right: 0; bottom: 0; width: 100%; margin: 0; height: 18px; accent-color: var(--accent); }
#legend { grid-column: 2; display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--faint); font-size: 12px; padding: 0 8px; }
#legend li::before { content: ''; display: inline-block; width: 14px; height: 5px; margin-right: 6px; vertical-align: middle; background: var(--swatch); }
#legend kbd { font: inherit; border: 1px solid var(--line); border-radius: 4px; padding: 0 4px; }
#legend .keys::before { display: none; }
.s-cut { --swatch: var(--cut); } .s-down { --swatch: var(--down); } .s-pause { --swatch: var(--pause); } .s-ill { --swatch: var(--ill); } .s-failed { --swatch: var(--failed); }
@media (max-width: 820px) {
  body { height: auto; display: block; }
  main { grid-template: auto / minmax(0, 1fr); }
  #mesh { height: 60vh; } #events { flex: none; height: 50vh; } footer { grid-template-columns: 1fr; } #legend { grid-column: 1; }
}
`;
