/** The page's style: dark text on light, from 360 px to A4, and nothing told by colour alone. */
export const style = `
:root {
  color-scheme: light;
  --ink: #18212e; --soft: #566375; --rule: #d8dee7; --faint: #f5f7fa; --accent: #2f5f98;
  --pass: #0a6639; --pass-bg: #e4f3ea; --fail: #a1121c; --fail-bg: #fdeaea; --open: #754600; --open-bg: #fff2d1;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: auto; }
body {
  margin: 0; background: #fff; color: var(--ink); font-size: 15px; line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
main, header, footer { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 28px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 48px 0 4px; font-size: 20px; line-height: 1.3; }
h3 { margin: 20px 0 4px; font-size: 15px; }
p { margin: 0 0 10px; max-width: 78ch; }
a { color: var(--accent); }
.eyebrow { margin: 0 0 14px; color: var(--soft); font-size: 13px; }
.eyebrow b { color: var(--ink); }
.lead { color: var(--soft); }
.small { font-size: 13px; }
code { font-family: ui-monospace, "SF Mono", Consolas, "Noto Sans Mono", monospace; font-size: 0.9em; overflow-wrap: anywhere; }
pre { margin: 8px 0 14px; padding: 12px 14px; background: var(--faint); border: 1px solid var(--rule); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
/* With words to break at, break there; ids of one long word would else push the table out of the page. */
.id { font-weight: 600; overflow-wrap: anywhere; }

.answer { border: 1px solid; border-left-width: 8px; border-radius: 8px; padding: 18px 22px; }
.answer.pass { border-color: var(--pass); background: var(--pass-bg); }
.answer.fail { border-color: var(--fail); background: var(--fail-bg); }
.answer.not-decided { border-color: var(--open); background: var(--open-bg); }
.answer.pass h1 { color: var(--pass); } .answer.fail h1 { color: var(--fail); } .answer.not-decided h1 { color: var(--open); }
.answer h1 span { margin-right: 10px; }
.answer p { margin: 6px 0 0; }
.answer ul { margin: 10px 0 0; padding-left: 20px; max-height: 260px; overflow: auto; }
.answer li { overflow-wrap: anywhere; }

.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px; margin: 16px 0 0; }
.tile { border: 1px solid var(--rule); border-radius: 8px; padding: 14px 16px; }
.tile h2 { margin: 0 0 6px; font-size: 13px; font-weight: 600; color: var(--soft); }
.tile p { margin: 4px 0 0; font-size: 14px; }
.tile .figure { font-size: 22px; font-weight: 650; line-height: 1.25; margin: 0; }
.results { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 6px 0 0; padding: 0; list-style: none; font-size: 14px; font-weight: 600; }
dl.facts { display: grid; grid-template-columns: auto 1fr; gap: 3px 14px; margin: 0; font-size: 14px; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }

nav { margin: 20px 0 0; font-size: 14px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; list-style: none; }

table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 13px; padding: 0 0 8px; }
th, td { padding: 8px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { position: sticky; top: 0; z-index: 1; background: #fff; box-shadow: inset 0 -2px 0 var(--ink); border-bottom: 0; font-size: 13px; line-height: 1.3; vertical-align: bottom; }
thead button { all: unset; cursor: pointer; }
thead button::after { content: "\\2195"; margin-left: 4px; color: #8b97a7; }
thead [aria-sort="descending"] button::after { content: "\\2193"; color: var(--ink); }
thead [aria-sort="ascending"] button::after { content: "\\2191"; color: var(--ink); }
thead button:focus-visible, .scroll:focus-visible, .answer ul:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
tbody th { font-weight: 400; }
.n { text-align: right; white-space: nowrap; }
tfoot th, tfoot td { border-bottom: 0; border-top: 2px solid var(--ink); font-weight: 600; }
tr.fail > :first-child { box-shadow: inset 4px 0 0 var(--fail); }
tr.not-decided > :first-child { box-shadow: inset 4px 0 0 #c98a12; }
.note { display: block; color: var(--soft); font-size: 12.5px; line-height: 1.4; font-weight: 400; overflow-wrap: anywhere; }
.n .note { white-space: normal; }
.why { margin: 4px 0 0; padding: 0; list-style: none; font-size: 13px; line-height: 1.4; }
.why li { overflow-wrap: anywhere; }
.warn { color: var(--open); }
.badge { display: inline-block; padding: 1px 8px; border-radius: 10px; border: 1px solid; font-size: 13px; font-weight: 600; white-space: nowrap; margin-right: 4px; }
.badge.pass { color: var(--pass); background: var(--pass-bg); }
.badge.fail { color: var(--fail); background: var(--fail-bg); }
.badge.not-decided { color: var(--open); background: var(--open-bg); }
.clause { color: var(--soft); font-size: 12.5px; white-space: nowrap; }
@media (min-width: 981px), print { #sources th:first-child { width: 24%; } #sources td.gate { width: 19%; } }
td.share { min-width: 180px; }
td.share .figure { font-weight: 600; }
.keep { white-space: nowrap; }

svg.share { display: block; width: 100%; height: 18px; margin: 2px 0; }
svg .track { fill: #eef1f5; }
svg .bar { fill: #7d9cc4; }
svg .bar.over { fill: #c9434c; }
svg .limit { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 3 2; vector-effect: non-scaling-stroke; }
svg .whisker { fill: none; stroke: var(--ink); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
svg.parts { display: block; width: 100%; height: 20px; border-radius: 4px; margin: 10px 0 8px; }
.part { stroke: #fff; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.part.a { fill: #7d9cc4; } .part.b { fill: #c9434c; } .part.c { fill: #e0b04a; } .part.d { fill: #c3cad4; }
.key { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 14px; }
.key svg { width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; }
.key svg.limit-key { width: 14px; }

.scroll { overflow-x: auto; }
.heat { width: auto; margin-bottom: 14px; }
.heat th, .heat td { padding: 5px 7px; border: 1px solid var(--rule); }
.heat thead th { position: static; text-align: right; box-shadow: none; }
.heat thead th:first-child { text-align: left; }
.heat tbody th { position: sticky; left: 0; background: #fff; min-width: 120px; max-width: 260px; }
.heat td { text-align: right; min-width: 52px; }
.h0 { color: #66727f; }
.h1 { background: #fdf3e7; } .h2 { background: #fbdfc0; } .h3 { background: #f5b98f; } .h4 { background: #e98a6b; }
abbr { text-decoration: none; }

.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
.tools input, .tools select { font: inherit; font-size: 14px; padding: 5px 8px; border: 1px solid #8b97a7; border-radius: 6px; background: #fff; color: inherit; max-width: 100%; }
.tools output { color: var(--soft); font-size: 13px; }
footer { margin-top: 48px; padding-top: 14px; padding-bottom: 32px; border-top: 1px solid var(--rule); color: var(--soft); font-size: 13px; }
footer p { overflow-wrap: anywhere; }

/* Narrow screens: each row of a wide table becomes a block that names its cells. */
@media screen and (max-width: 980px) {
  main, header, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 18px; }
  h1 { font-size: 25px; }
  .tiles { grid-template-columns: 1fr; }
  .cards, .cards caption, .cards tbody, .cards tfoot, .cards tr, .cards th, .cards td { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border: 1px solid var(--rule); border-radius: 8px; margin: 0 0 12px; padding: 10px 14px; }
  .cards tr[hidden] { display: none; }
  .cards tr.fail { border-left: 5px solid var(--fail); } .cards tr.not-decided { border-left: 5px solid #c98a12; }
  .cards tr > :first-child { box-shadow: none; }
  .cards th, .cards td, .cards tfoot th, .cards tfoot td { border: 0; padding: 3px 0; text-align: left; white-space: normal; }
  .cards td[data-label] { position: relative; padding-left: 118px; min-height: 1.5em; }
  .cards td[data-label]::before { content: attr(data-label); position: absolute; left: 0; width: 110px; color: var(--soft); font-size: 13px; font-weight: 400; }
  .cards td:empty { display: none; }
  .cards td.share { min-width: 0; }
}

@page { size: A4; margin: 14mm 11mm; }
@media print {
  body { font-size: 9pt; line-height: 1.4; }
  main, header, footer { max-width: none; padding: 0; }
  h1 { font-size: 18pt; }
  h2 { font-size: 12.5pt; margin-top: 20pt; break-after: avoid; }
  h3, caption { break-after: avoid; }
  nav, .tools { display: none; }
  table, .key, .results, .tile p, dl.facts { font-size: 8pt; }
  .tile .figure { font-size: 14pt; }
  #sources table, .note, .why, .badge, .clause, thead th, caption, .small { font-size: 7.5pt; }
  th, td { padding: 3.5pt 4pt; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  thead th { position: static; box-shadow: none; border-bottom: 1.5pt solid var(--ink); }
  /* Chromium does not paint inline blocks in the headers that it repeats on later pages. */
  thead button { display: contents; }
  thead button::after { content: none !important; }
  tr, .tile, .answer, pre, svg { break-inside: avoid; }
  tr[hidden] { display: table-row; }
  .answer ul { max-height: none; overflow: visible; }
  .scroll { overflow: visible; }
  td.share { min-width: 100pt; }

  .heat { font-size: 6.5pt; }
  .heat th, .heat td { padding: 2pt 2.5pt; min-width: 0; }
  .heat thead th { font-size: 6.5pt; }
  .heat tbody th { position: static; min-width: 84pt; max-width: 110pt; }
  .answer, .badge, .heat td, svg, .tile { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
