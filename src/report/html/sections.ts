/** The sections of the page. Each takes the report and shows one part of it; none computes a decision. */
import { createHash } from "node:crypto";
import { severities } from "../../library/library.ts";
import type { Counts, Report, Result, SourceReport } from "../report.ts";
import { reportText } from "../report.ts";
import type { ShownRisk } from "../text.ts";
import {
  atLeastText,
  atMostText,
  boundText,
  bytesText,
  countOf,
  countText,
  decidesTechnical,
  foundRisks,
  none,
  notAssessedCount,
  phaseText,
  profileText,
  reasonCounts,
  resultMeaning,
  resultText,
  riskCount,
  sourceReasonText,
  sourceResults,
  statusText,
  technicalReasonText,
  technicalText,
  unqualifiedRisks,
  verdictText,
} from "../text.ts";
import { partsBar, shareBar } from "./bars.ts";
import type { Markup, Value } from "./markup.ts";
import { html } from "./markup.ts";
import type { Row } from "./table.ts";
import { table } from "./table.ts";

/** Signs beside the words of a result, so that it is not told by colour. */
const signs: Readonly<Record<Result, string>> = { pass: "✓", fail: "✕", "not-decided": "?" };

function badge(result: Result): Markup {
  return html`<span class="badge ${result}"><span aria-hidden="true">${signs[result]} </span>${resultText[result]}</span>`;
}

function list(name: string, texts: readonly Value[]): Markup | null {
  return texts.length === 0 ? null : html`<ul class="${name}">${texts.map((text) => html`<li>${text}</li>`)}</ul>`;
}

/** The overall answer, and why. */
export function answer(report: Report): Markup {
  const { result, reasons } = report;
  return html`<div class="answer ${result}">
<h1><span aria-hidden="true">${signs[result]}</span>Result: ${resultText[result].toLowerCase()}</h1>
<p>${resultMeaning(report)}</p>
${reasons.length > 0 && html`<ul tabindex="0" aria-label="Reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
</div>
`;
}

/** Each gate's result, and the facts of the scan. */
export function summary(report: Report): Markup {
  const results = sourceResults(report.sources);
  const sample = report.technicalSample;
  const counts = (["fail", "not-decided", "pass"] as const).filter((result) => results[result] > 0);
  return html`<div class="tiles">
<section class="tile"><h2>5.1 a: at most 5 % flagged in each source</h2>
<p class="figure">${countOf(report.sources.length, "source")}</p>
${list(
  "results",
  counts.map((result) => html`${badge(result)} ${countText(results[result])}`),
)}</section>
<section class="tile"><h2>9.2 b: technical check, at least 98 % qualified</h2>
<p class="figure">${atLeastText(sample.qualified, sample.assessed)} qualified</p>
<p>${decidesTechnical(report.phase) ? badge(sample.result) : "Not decided before collection"}</p>
<p>${countText(sample.assessed)} assessed of at least ${countText(sample.required)}.</p></section>
<section class="tile"><h2>This scan</h2>
<dl class="facts"><dt>Phase</dt><dd>${report.phase}: ${phaseText[report.phase]}</dd>
<dt>Profile</dt><dd>${profileText[report.profile]}</dd>
<dt>Records</dt><dd>${countText(report.totals.records)}, ${bytesText(report.totals.textBytes)} of text</dd>
<dt>Stages run</dt><dd>${report.stagesRun.length === 0 ? none : report.stagesRun.join(", ")}</dd>
<dt>Exit code</dt><dd>${report.exitCode}</dd></dl></section>
</div>
`;
}

/** Where every row of the corpus went. */
export function account(report: Report): Markup {
  const { rows, empty, records, assessed, flagged } = report.totals;
  const open = notAssessedCount(report.totals);
  const parts = [
    { name: "a", label: "assessed, not flagged", count: assessed - flagged },
    { name: "b", label: "assessed, flagged", count: flagged },
    { name: "c", label: "not assessed", count: open },
    { name: "d", label: "empty, no record", count: empty },
  ];
  return html`<section id="account"><h2>Where every row went</h2>
<p class="lead">${countText(rows)} rows = ${countText(empty)} empty + ${countOf(records, "record")}; ${countOf(records, "record")} = ${countText(assessed)} assessed + ${countText(open)} not assessed. What is not assessed is never counted as clean.</p>
${partsBar(parts)}
${list(
  "key",
  parts.map(
    ({ name, label, count }) =>
      html`<svg viewBox="0 0 12 12" aria-hidden="true"><rect class="part ${name}" width="12" height="12"/></svg>${label}: <b>${countText(count)}</b>`,
  ),
)}
</section>
`;
}

/** The 5 % gate, source by source. */
export function sources(report: Report): Markup {
  const { totals } = report;
  return html`<section id="sources"><h2>Sources</h2>
<p class="lead">A source may be used when at most 5&nbsp;% of its assessed records are flagged (risks of A.1 to A.4). Shares are rounded up, so nothing over 5&nbsp;% shows as 5.00&nbsp;%. The verdict says what the interval shows and is advice; the gate compares counts.</p>
<ul class="key small"><li><svg class="limit-key" viewBox="0 0 14 12" aria-hidden="true"><path class="limit" d="M7 0V12"/></svg>5&nbsp;% line, on an axis of 0 to 10&nbsp;%</li><li><svg class="limit-key" viewBox="0 0 14 12" aria-hidden="true"><path class="whisker" d="M0 6H14M0 3V9M14 3V9"/></svg>interval between the one-sided bounds</li></ul>
${table({
  caption: `${countOf(report.sources.length, "source")}, in the order of the register`,
  head: "Source",
  columns: [
    { label: "5 % gate", name: "gate" },
    { label: "Share flagged", number: true, name: "share" },
    { label: "Verdict", name: "keep" },
    { label: "Flagged", number: true },
    { label: "Assessed", number: true },
    { label: "Not assessed", number: true },
    { label: "Records", number: true },
  ],
  rows: report.sources.map(sourceRow),
  foot: {
    head: "All sources",
    cells: [
      null,
      atMostText(totals.flagged, totals.assessed),
      null,
      countText(totals.flagged),
      countText(totals.assessed),
      notAssessed(totals),
      countText(totals.records),
    ],
  },
})}</section>
`;
}

function sourceRow(source: SourceReport): Row {
  const { id, gate } = source;
  const facts = [
    source.kind ?? "kind not given",
    source.language ?? "language not given",
    source.licence ?? "licence not given",
    ...(source.usedForTraining ? [] : ["not used for training"]),
  ];
  return {
    name: gate.result,
    head: html`<bdi class="id">${id}</bdi><span class="note">${facts.map((fact, at) => html`${at > 0 && html` · `}<bdi>${fact}</bdi>`)}</span>${list(
      "why warn",
      source.warnings.map((warning) => html`Warning: ${warning}`),
    )}`,
    cells: [
      html`${badge(gate.result)} <span class="clause">${gate.clause}</span>${list(
        "why",
        gate.reasons.map((reason) => sourceReasonText(reason, source)),
      )}`,
      shareCell(source),
      source.interval === null ? none : verdictText[source.interval.verdict],
      countText(source.flagged),
      countText(source.assessed),
      notAssessed(source),
      countText(source.records),
    ],
  };
}

function shareCell({ share, flagged, assessed, interval }: SourceReport): Markup {
  if (share === null) return html`${none}<span class="note">nothing assessed</span>`;
  const census = interval === null || interval.method === "census";
  const bounds =
    interval === null
      ? null
      : census
        ? html`<span class="note">all records assessed</span>`
        : html`<span class="note"><span class="keep">bounds ${boundText(interval.lower)}</span> <span class="keep">and ${boundText(interval.upper)}</span> <span class="keep">(${interval.method}, ${Math.round(interval.conf * 100)} %)</span></span>`;
  return html`<span class="figure">${atMostText(flagged, assessed)}</span>${shareBar(share, census ? null : interval)}${bounds}`;
}

function notAssessed(counts: Counts): Markup {
  const reasons = reasonCounts(counts);
  const notes = reasons.map(
    ({ text, count }) => html`<span class="note">${text.label} <span class="keep">${countText(count)}</span></span>`,
  );
  return html`${countText(notAssessedCount(counts))}${notes}`;
}

/** Which risks were found, and where. */
export function risksFound(report: Report): Markup {
  const { totals } = report;
  const found = foundRisks(totals);
  const rows = found.map(({ id, known }) => ({
    head: html`<b>${known?.clause ?? id}</b>`,
    cells: [
      known === null ? "not a risk of this edition" : html`${known.en} <span class="note" lang="zh">${known.zh}</span>`,
      countText(riskCount(totals, id)),
      atMostText(riskCount(totals, id), totals.assessed),
      countText(report.sources.filter((source) => riskCount(source, id) > 0).length),
    ],
  }));
  return html`<section id="risks"><h2>Risks</h2>
<p class="lead">Assessed records by risk of Annex A. A record may carry several risks, so these counts do not add up to the flagged. Risks without records are left out.</p>
${
  found.length === 0
    ? html`<p>No assessed record carries a risk.</p>`
    : html`${table({
        caption: `${countOf(found.length, "risk")} with records`,
        head: "Risk",
        columns: [
          { label: "Name" },
          { label: "Records", number: true },
          { label: "Of assessed", number: true },
          { label: "Sources", number: true },
        ],
        rows,
      })}${heat(report, found)}`
}
</section>
`;
}

/** Most risks side by side that A4 holds: A.1 and A.2 together. */
const heatColumns = 17;

function heat(report: Report, found: readonly ShownRisk[]): Markup {
  const blocks: ShownRisk[][] = [];
  const groups = new Set(found.map(({ known }) => known?.group));
  for (const group of groups) {
    const members = found.filter(({ known }) => known?.group === group);
    const last = blocks.at(-1);
    if (last !== undefined && last.length + members.length <= heatColumns) last.push(...members);
    else for (let at = 0; at < members.length; at += heatColumns) blocks.push(members.slice(at, at + heatColumns));
  }
  return html`<h3>Risks by source</h3>
<ul class="key small"><li>Share of the source's assessed records:</li><li><span class="badge h1">up to 0.1 %</span></li><li><span class="badge h2">up to 1 %</span></li><li><span class="badge h3">up to 5 %</span></li><li><span class="badge h4">over 5 %</span></li></ul>
${blocks.map((block) => heatBlock(report, block))}`;
}

function heatBlock({ sources, totals }: Report, block: readonly ShownRisk[]): Markup {
  const rows = sources.filter((source) => block.some(({ id }) => riskCount(source, id) > 0));
  const without = sources.length - rows.length;
  const names = block.map(({ id, known }) =>
    known === null ? html`<bdi>${id}</bdi>` : html`<abbr title="${known.en} ${known.zh}">${known.clause}</abbr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Records by source and risk">
<table class="heat">
<caption>Records by source and risk. ${without > 0 && html`${countOf(without, "source")} without these risks ${without === 1 ? "is" : "are"} left out.`}</caption>
<thead><tr><th scope="col">Source</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (source) => html`<tr><th scope="row"><bdi class="id">${source.id}</bdi></th>${block.map(({ id }) => {
    const count = riskCount(source, id);
    return html`<td class="${heatLevel(count, source.assessed)}">${countText(count)}</td>`;
  })}</tr>
`,
)}</tbody>
<tfoot><tr><th scope="row">All sources</th>${block.map(({ id }) => html`<td>${countText(riskCount(totals, id))}</td>`)}</tr></tfoot>
</table></div>
`;
}

function heatLevel(count: number, assessed: number): string {
  if (count === 0) return "h0";
  if (count * 1000 <= assessed) return "h1";
  if (count * 100 <= assessed) return "h2";
  return count * 20 <= assessed ? "h3" : "h4";
}

/** Which stages found something. */
export function stages(report: Report): Markup {
  const outcomes = [
    { name: "a", field: "neither", label: "Neither" },
    { name: "c", field: "keywordOnly", label: "Keywords only" },
    { name: "d", field: "classifierOnly", label: "Classifier only" },
    { name: "b", field: "both", label: "Both" },
  ] as const;
  const row = (counts: Counts): Value[] => [
    ...outcomes.map(({ field }) => countText(counts.stages[field])),
    countText(counts.unqualified),
    atLeastText(counts.assessed - counts.unqualified, counts.assessed),
  ];
  return html`<section id="stages"><h2>Stages</h2>
<p class="lead">Assessed records by which stage found something. A bare keyword is a candidate, not a verdict; the policy says which results flag a record. Unqualified are records with any of the ${String(unqualifiedRisks(report.profile))} risks of the profile; the qualified share is cut, never rounded up.</p>
${partsBar(outcomes.map(({ name, field }) => ({ name, count: report.totals.stages[field] })))}
${list(
  "key",
  outcomes.map(
    ({ name, field, label }) =>
      html`<svg viewBox="0 0 12 12" aria-hidden="true"><rect class="part ${name}" width="12" height="12"/></svg>${label}: <b>${countText(report.totals.stages[field])}</b>`,
  ),
)}
${table({
  caption: "Assessed records by stage that found something",
  head: "Source",
  columns: [...outcomes.map(({ label }) => label), "Unqualified", "Qualified share"].map((label) => ({
    label,
    number: true,
  })),
  rows: report.sources.map((source) => ({ head: html`<bdi class="id">${source.id}</bdi>`, cells: row(source) })),
  foot: { head: "All sources", cells: row(report.totals) },
})}</section>
`;
}

/** What was read of each source. */
export function contents(report: Report): Markup {
  const { totals } = report;
  const row = (counts: Counts): Value[] => [
    countText(counts.rows),
    countText(counts.empty),
    countText(counts.records),
    bytesText(counts.textBytes),
    `≈ ${countText(counts.distinctEstimate)}`,
  ];
  return html`<section id="contents"><h2>What was read</h2>
<p class="lead">Distinct texts are an estimate (HyperLogLog, standard error 1.6&nbsp;%). Repeated ids are records whose id an earlier record of the source has; ≈ marks an estimate.</p>
${table({
  caption: "Rows, records and text by source",
  head: "Source",
  columns: ["Rows", "Empty", "Records", "Text", "Distinct texts", "Repeated ids"].map((label) => ({
    label,
    number: true,
  })),
  rows: report.sources.map((source) => ({
    head: html`<bdi class="id">${source.id}</bdi>`,
    cells: [...row(source), `${source.duplicateIds.exact ? "" : "≈ "}${countText(source.duplicateIds.count)}`],
  })),
  foot: { head: "All sources", cells: [...row(totals), none] },
})}</section>
`;
}

/** The technical check, and what waits for people. */
export function samples(report: Report): Markup {
  const { technicalSample, manualSample } = report;
  return html`<section id="samples"><h2>Technical check and samples</h2>
<p>${decidesTechnical(report.phase) ? badge(technicalSample.result) : "Not decided before collection."} 9.2 b: ${technicalText(technicalSample)}.</p>
${list(
  "why",
  technicalSample.reasons.map((reason) => technicalReasonText(reason, technicalSample)),
)}
<dl class="facts"><dt>Technical sample</dt><dd>${countOf(technicalSample.drawn, "record")} drawn from the ${countText(technicalSample.population)} records of sources used for training</dd>
<dt>Drawn by</dt><dd><code>${technicalSample.algorithm}</code></dd>
<dt>Manual check (9.2 a)</dt><dd>not decided by a scan: ${countText(manualSample.drawn)} of ${countOf(manualSample.required, "record")} drawn for people to check</dd>
<dt>Drawn by</dt><dd><code>${manualSample.algorithm}</code></dd></dl>
</section>
`;
}

/** Why records have no verdict. */
export function openRecords(report: Report): Markup {
  const { totals } = report;
  const reasons = reasonCounts(totals);
  return html`<section id="not-assessed"><h2>Not assessed</h2>
${
  reasons.length === 0
    ? html`<p>Every record was assessed.</p>`
    : table({
        caption: "These records stay in the population and can never help a source to pass",
        head: "Reason",
        columns: [
          { label: "Meaning" },
          { label: "Records", number: true },
          { label: "Of records", number: true },
          { label: "Sources", number: true },
        ],
        rows: reasons.map(({ reason, text, count }) => ({
          head: html`<b>${text.label}</b> <code class="note">${reason}</code>`,
          cells: [
            text.meaning === "" ? none : text.meaning,
            countText(count),
            atMostText(count, totals.records),
            countText(report.sources.filter((source) => Object.hasOwn(source.notAssessed, reason)).length),
          ],
        })),
        foot: {
          head: "All reasons",
          cells: [
            null,
            countText(notAssessedCount(totals)),
            atMostText(notAssessedCount(totals), totals.records),
            null,
          ],
        },
      })
}
</section>
`;
}

/** Rows of a table of files that a page still shows well; report.json has all. */
const mostFiles = 500;

/** Files that were not scanned wholly. */
export function files(report: Report): Markup {
  const problems = report.files.filter(({ status, reason }) => status !== "scanned" || reason !== null);
  const fine = report.files.length - problems.length;
  const shown = problems.slice(0, mostFiles);
  return html`<section id="files"><h2>Files with problems</h2>
<p>${countText(fine)} of ${countOf(report.files.length, "file")} ${fine === 1 ? "was" : "were"} scanned without a problem. ${
    problems.length > mostFiles &&
    html`The first ${countText(mostFiles)} of ${countText(problems.length)} with problems are shown; report.json lists all.`
  }</p>
${
  problems.length > 0 &&
  table({
    caption: `${countOf(problems.length, "file")} with problems`,
    head: "File",
    columns: [
      { label: "Source" },
      { label: "Status" },
      { label: "Why" },
      { label: "Format" },
      { label: "Size", number: true },
    ],
    rows: shown.map((file) => ({
      head: html`<bdi class="id">${file.path}</bdi>`,
      cells: [
        file.source === null ? none : html`<bdi>${file.source}</bdi>`,
        html`<b>${statusText[file.status]}</b>`,
        file.reason ?? none,
        file.format ?? none,
        bytesText(file.bytes),
      ],
    })),
  })
}
</section>
`;
}

/** What decided: library, policy and models, by their digests. */
export function basis({ library, policy, models }: Report): Markup {
  const bySeverity = severities
    .toReversed()
    .map((severity) => `${countText(library.bySeverity[severity])} ${severity}`);
  return html`<section id="basis"><h2>Library, policy and models</h2>
<dl class="facts"><dt>Library</dt><dd>${library.name}, version ${library.version}: ${library.entries === 1 ? "1 entry" : `${countText(library.entries)} entries`} (${bySeverity.join(", ")})</dd>
<dt>Library digest</dt><dd><code>${library.digest}</code></dd>
<dt>Policy</dt><dd>${profileText[policy.profile]}</dd>
<dt>Policy digest</dt><dd><code>${policy.digest}</code></dd></dl>
${
  models.length === 0
    ? html`<p>No model ran.</p>`
    : table({
        caption: countOf(models.length, "model"),
        head: "Model",
        columns: [{ label: "Run by" }, { label: "Trained on risks" }, { label: "Digest" }],
        rows: models.map((model) => ({
          head: html`<bdi class="id">${model.id}</bdi>`,
          cells: [
            model.provider,
            model.risks.length === 0 ? none : model.risks.join(", "),
            html`<code>${model.digest}</code>`,
          ],
        })),
      })
}
</section>
`;
}

/** How a second person comes to the same report. */
export function verification(report: Report): Markup {
  const digest = createHash("sha256").update(reportText(report)).digest("hex");
  const nonce = report.nonce !== null && html` --nonce ${report.nonce}`;
  const stageList = report.stagesRun.length > 0 && html` --stages ${report.stagesRun.join(",")}`;
  return html`<section id="verify"><h2>How to verify</h2>
<p>The same corpus, library, policy and models give the same <code>report.json</code>, byte for byte, with any number of workers. (Scores of a model may differ in their last digits on another device.) Scan again into another folder and compare:</p>
<pre><code>corpusgate scan CORPUS.yaml --phase ${report.phase} --library LIBRARY.yaml --policy POLICY.yaml${stageList}${nonce} --out CHECK
sha256sum CHECK/report.json</code></pre>
<dl class="facts"><dt>report.json (SHA-256)</dt><dd><code>${digest}</code></dd>
<dt>Plan digest</dt><dd><code>${report.planDigest}</code></dd>
<dt>Seed</dt><dd><code>${report.seed}</code></dd>
<dt>Nonce</dt><dd>${report.nonce === null ? "none" : html`<code>${report.nonce}</code>`}</dd></dl>
<p>Without the corpus, <code>corpusgate verify RUN</code> checks the digests and counts of the run folder.</p>
</section>
`;
}
