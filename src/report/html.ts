/**
 * `report.html`: the report as one page that reads and prints by itself. It asks nothing of any network: style, bars and
 * script are inline, and its content policy forbids the rest. Decisions come from the report; the page computes none.
 */
import { createHash } from "node:crypto";
import type { Markup } from "./html/markup.ts";
import { html, rawElement, textOf } from "./html/markup.ts";
import { script } from "./html/script.ts";
import * as sections from "./html/sections.ts";
import { style } from "./html/style.ts";
import type { Report } from "./report.ts";
import { resultText } from "./text.ts";

const contents = [
  ["sources", "Sources"],
  ["risks", "Risks"],
  ["stages", "Stages"],
  ["samples", "Technical check and samples"],
  ["not-assessed", "Not assessed"],
  ["files", "Files with problems"],
  ["contents", "What was read"],
  ["basis", "Library, policy and models"],
  ["verify", "How to verify"],
] as const;

/**
 * The page of a report. The same report gives the same bytes: no date, host or random id is in it.
 *
 * @param report - any report; its texts are escaped, and their hidden characters written out
 * @returns a whole HTML document
 */
export function renderHtml(report: Report): string {
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
  return textOf(html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>corpusgate report: ${resultText[report.result]}, phase ${report.phase}</title>
${rawElement("style", style)}
</head>
<body>
<header>
<p class="eyebrow"><b>corpusgate</b> · scan of training data for illegal and harmful content</p>
${sections.answer(report)}${sections.summary(report)}${navigation()}</header>
<main>
${sections.account(report)}${sections.sources(report)}${sections.risksFound(report)}${sections.stages(report)}${sections.samples(report)}${sections.openRecords(report)}${sections.files(report)}${sections.contents(report)}${sections.basis(report)}${sections.verification(report)}</main>
<footer><p>${report.schema}, plan <code>${report.planDigest}</code></p></footer>
${rawElement("script", script)}
</body>
</html>
`);
}

function navigation(): Markup {
  return html`<nav aria-label="Sections"><ul>${contents.map(([id, label]) => html`<li><a href="#${id}">${label}</a></li>`)}</ul></nav>
`;
}

/** A source of the content policy: exactly this text, inline. */
function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
