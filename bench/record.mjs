/** The figures of a benchmark as text: the record on disk, the table on the terminal, and records/README.md. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderColumnSection } from "./column/table.mjs";
import { renderMatchSection } from "./match/table.mjs";
import { fixed, median, megabytes, table } from "./table.mjs";

/**
 * What a row took over its runs.
 *
 * @typedef {object} Figures
 * @property {string} engine
 * @property {string} storage
 * @property {number} workers
 * @property {string} meaning
 * @property {number} count records with a hit
 * @property {{ wallS: number, cpuS: number, peakRssBytes: number, peakAnonBytes: number, othersShare: number,
 *   load1: number }[]} runs in the order of the rounds
 */

/** Writes a record, and the readable page of all records beside it. */
export function writeRecord(path, record) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, null, 1)}\n`);
  const records = readdirSync(dirname(path))
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .reverse()
    .map((name) => ({ name, ...JSON.parse(readFileSync(join(dirname(path), name), "utf8")) }));
  writeFileSync(join(dirname(path), "README.md"), renderPage(records));
}

/** The tables of a record, for a terminal or a page. */
export function renderRecord(record) {
  const parts = [];
  for (const [meaning, title] of Object.entries(titles)) {
    const rows = record.rows.filter((row) => row.meaning === meaning);
    if (rows.length > 0) parts.push(`${title(record)}\n\n${renderRows(rows, record.corpus.textBytes)}`);
  }
  for (const row of record.rows) if (row.differs) parts.push(`${row.engine} may count otherwise: ${row.differs}.`);
  for (const { engine, install } of record.missing) parts.push(`Missing: ${engine}. To install it: \`${install}\``);
  if (record.memory.length > 0)
    parts.push(`Peak memory as the corpus grows, corpusgate full, 2 workers:\n\n${renderMemory(record.memory)}`);
  if (record.demo) parts.push(renderDemo(record.demo));
  return parts.join("\n\n");
}

const titles = {
  plain: ({ words, rows }) =>
    `Keywords, ${words.plain.words} of ideographs only: every engine finds ${countOf(rows, "plain")} records.`,
  folded: ({ words, rows }) =>
    `Keywords, all ${words.folded.words}, case and width folded: ${countOf(rows, "folded")} records.`,
  verdict: ({ rows }) =>
    `The whole scan, starter library and fast classifier: ${countOf(rows, "verdict")} records flagged.`,
};

function countOf(rows, meaning) {
  return rows.find((row) => row.meaning === meaning && row.differs === undefined)?.count ?? "?";
}

/** One line per row. The ratio is to the first row of corpusgate with two workers, or to the first row. */
function renderRows(rows, textBytes) {
  const base = rows.find((row) => row.workers === 2 && row.engine.startsWith("corpusgate")) ?? rows[0];
  const baseRate = rate(base, "wallS", textBytes);
  return table(
    ["engine", "file", "workers", "MB/s", "best", "MB/s per core", "ratio", "calm runs", "peak RSS", "own memory"],
    rows.map((row) => [
      row.engine,
      row.storage,
      String(row.workers),
      fixed(rate(row, "wallS", textBytes)),
      fixed(textBytes / 1e6 / Math.min(...row.runs.map((run) => run.wallS))),
      fixed(rate(row, "cpuS", textBytes)),
      (rate(row, "wallS", textBytes) / baseRate).toFixed(2),
      `${row.runs.filter(isCalm).length} of ${row.runs.length}`,
      megabytes(Math.max(...row.runs.map((run) => run.peakRssBytes))),
      megabytes(Math.max(...row.runs.map((run) => run.peakAnonBytes))),
    ]),
  );
}

function renderMemory(rows) {
  return table(
    ["file", "text", "peak RSS", "own memory"],
    rows.map(({ storage, textBytes, run }) => [
      storage,
      megabytes(textBytes),
      megabytes(run.peakRssBytes),
      megabytes(run.peakAnonBytes),
    ]),
  );
}

function renderDemo(runs) {
  const calm = runs.filter(isCalm);
  const used = calm.length > 0 ? calm : runs;
  const seconds = median(used.map((run) => run.wallS)).toFixed(1);
  const cpu = median(used.map((run) => run.cpuS)).toFixed(1);
  const peak = megabytes(Math.max(...runs.map((run) => run.peakRssBytes)));
  return (
    `Demo: ${seconds} s, ${cpu} s of processor time, ${calm.length} of ${runs.length} runs calm; ` +
    `peak RSS ${peak}, summed with the process that starts it.`
  );
}

/** Megabytes of text per second, over the median of the calm runs; of all runs where none was calm. */
function rate(row, field, textBytes) {
  const calm = row.runs.filter(isCalm);
  return textBytes / 1e6 / median((calm.length > 0 ? calm : row.runs).map((run) => run[field]));
}

/** Whether a run had the machine to itself. What others took does not depend on the engine, so this favours none. */
function isCalm(run) {
  return run.othersShare <= disturbance;
}

function renderPage(records) {
  const head = `# Records

Made by \`npm run bench\`; the JSON files beside this page hold every run. How to read them: ../README.md.
`;
  const section = (record) => sections[record.schema.split("/")[0]](record);
  return `${[head, ...records.map(section)].join("\n")}`;
}

const sections = {
  "corpusgate.bench": renderSection,
  "corpusgate.bench-match": renderMatchSection,
  "corpusgate.bench-column": renderColumnSection,
};

function renderSection(record) {
  const { machine, versions, corpus } = record;
  const from = versions.changed ? `${versions.commit} with changes` : versions.commit;
  return `## ${record.name.replace(/\.json$/, "")}

- Machine: ${machine.cpu}, ${machine.cores} cores (${machine.features.join(", ")}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}
- Load: ${describeLoad(record)}
- Versions: corpusgate ${versions.corpusgate} (${from}, addon ${versions.addon}), onnxruntime ${versions.onnxruntime}, node ${versions.node}, ${versions.ripgrep ?? "no ripgrep"}, Python ${versions.python} with ahocorasick_rs ${versions.ahocorasick_rs}, orjson ${versions.orjson}, pyarrow ${versions.pyarrow}
- Corpus: ${corpus.records} records, ${corpus.textBytes} bytes of text, ${corpus.distinctTexts} distinct texts repeated; digest ${corpus.digest}
- Words: plain ${record.words.plain.sha256}, folded ${record.words.folded.sha256}
- Command: \`${record.command}\`, ${record.repeat} rounds, interleaved

${renderRecord(record)}
`;
}

/** How busy others were while it ran: what decides whether the figures can be trusted. */
export function describeLoad(record) {
  const runs = [
    ...record.rows.flatMap((row) => row.runs),
    ...record.memory.map(({ run }) => run),
    ...(record.demo ?? []),
  ];
  if (runs.length === 0) return "nothing was run";
  const shares = runs.map((run) => run.othersShare);
  const disturbed = runs.filter((run) => !isCalm(run)).length;
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  return (
    `others took ${percent(median(shares))} of the processors in the median run and ${percent(Math.max(...shares))} at worst; ` +
    `${disturbed} of ${runs.length} runs lost more than ${percent(disturbance)} to them`
  );
}

/** Share of the processors from which on a run counts as disturbed. */
const disturbance = 0.05;
