/** The figures of `scan` as tables: a table a format, then parts, orchestration, goals, memory and demo. */
import { formatOf, formats } from "./corpus.mjs";
import { betweenCalls, disturbance, goalsOf, isCalm, outsideCalls, percent, rate } from "./figures.mjs";
import { fixed, median, megabytes, table } from "./table.mjs";

/**
 * What a row took over its runs.
 *
 * @typedef {object} Figures
 * @property {string} engine
 * @property {string} storage
 * @property {number} workers
 * @property {string} meaning
 * @property {number} count what it found
 * @property {{ wallS: number, cpuS: number, peakRssBytes: number, peakAnonBytes: number, othersShare: number,
 *   load1: number }[]} runs in the order of the rounds
 */

/** All tables of a record, for a terminal or a page. */
export function renderScan(record) {
  const { rows, corpus } = record;
  const parts = [describeMeanings(record)];
  const scans = rows.filter(({ meaning }) => meaning in meanings);
  const inFormat = (format) => scans.filter(({ storage }) => formatOf(storage) === format);
  for (const format of formats.filter((format) => inFormat(format).length > 0)) {
    parts.push(`From ${format} to the report:`, renderRows(inFormat(format), corpus.textBytes));
  }
  const alone = rows.filter((row) => !scans.includes(row) || row.storage === "memory");
  if (alone.length > 0)
    parts.push("Parts alone, in one thread; their own times, without starting:", renderParts(alone, corpus));
  if (record.orchestration?.length > 0) {
    parts.push("Where the time of corpusgate goes, all kinds, 1 worker, in seconds:", renderOrchestration(record));
  }
  const goals = record.orchestration === undefined ? [] : goalsOf(record);
  if (goals.length > 0) parts.push("Goals; wall time tells where the machine was calm:", renderGoals(goals));
  for (const { engine, install } of record.missing) parts.push(`Missing: ${engine}. To install it: \`${install}\``);
  if (record.memory.length > 0)
    parts.push(
      "Peak memory as the corpus grows, 2 workers; peak RSS has mapped files in it:",
      renderMemory(record.memory),
    );
  if (record.demo) parts.push(renderDemo(record.demo));
  return parts.join("\n\n");
}

/** A record's section of records/README.md. */
export function renderScanSection(record) {
  const { machine, versions, corpus } = record;
  const from = versions.changed ? `${versions.commit} with changes` : versions.commit;
  const python = ["ahocorasick_rs", "orjson", "pyarrow", "polars", "datatrove", "dolma", "isal"];
  const packages = python.filter((name) => versions[name]).map((name) => `${name} ${versions[name]}`);
  return `## ${record.name.replace(/\.json$/, "")}

- Machine: ${machine.cpu}, ${machine.cores} cores (${machine.features.join(", ")}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}
- Load: ${describeLoad(record)}
- Versions: corpusgate ${versions.corpusgate} (${from}, addon ${versions.addon}), onnxruntime ${versions.onnxruntime}, node ${versions.node}, ${versions.ripgrep ?? "no ripgrep"}, Python ${versions.python} with ${packages.join(", ")}
- Corpus: ${corpus.records} records, ${corpus.textBytes} bytes of text, ${corpus.distinctTexts} distinct texts repeated; digest ${corpus.digest}
- Words: ${wordsOf(record)
    .map(({ name, sha256 }) => `${name} ${sha256}`)
    .join(", ")}
- Command: \`${record.command}\`, ${record.repeat} rounds, interleaved

${renderScan(record)}
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
  return (
    `others took ${percent(median(shares), 0)} of the processors in the median run and ` +
    `${percent(Math.max(...shares), 0)} at worst; ` +
    `${disturbed} of ${runs.length} runs lost more than ${percent(disturbance, 0)} to them`
  );
}

/** What rows look for: the name in tables, and what it is. `plain` and `folded` stand in records of schema 1. */
const meanings = {
  standard: ["all kinds", "these words however they are written, but as whole words"],
  exact: ["substrings", "these words byte for byte, anywhere"],
  plain: ["substrings", "words of ideographs only, as substrings"],
  folded: ["folded", "all words as substrings, case and width folded"],
  verdict: ["verdict", "the starter library with the fast classifier: what a scan does that is told nothing"],
};

/** Words of a record by the name of their list; records of schema 1 have two lists. */
function wordsOf({ words }) {
  return words.sha256 === undefined
    ? Object.entries(words).map(([name, list]) => ({ name, ...list }))
    : [{ name: "all", ...words }];
}

function describeMeanings(record) {
  const lists = wordsOf(record).map(({ name, words }) => (name === "all" ? `${words}` : `${name}: ${words}`));
  const lines = Object.entries(meanings).flatMap(([meaning, [name, what]]) => {
    const rows = record.rows.filter((row) => row.meaning === meaning);
    const counts = [...new Set(rows.map(({ count }) => count))].join(" or ");
    return rows.length === 0 ? [] : [`- ${name}: ${what}; ${counts} records, as each row of it counts.`];
  });
  return [`Words: ${lists.join(", ")}. Rows look for`, "", ...lines].join("\n");
}

/** One line per row. The ratio is to the first row of corpusgate with two workers, or to the first row. */
function renderRows(rows, textBytes) {
  const base = rows.find((row) => row.workers === 2 && row.engine.startsWith("corpusgate")) ?? rows[0];
  const timed = rows.every(({ runs }) => runs.length > 0);
  const baseRate = timed ? rate(base, "wallS", textBytes) : 0;
  const head = ["engine", "file", "looks for", "workers", "MB/s", "best", "MB/s per core", "ratio", "calm runs"];
  return table(
    [...head, "peak RSS", "own memory"],
    rows.map((row) => [
      ...[row.engine, row.storage, meanings[row.meaning][0], String(row.workers)],
      fixed(rate(row, "wallS", textBytes)),
      fixed(textBytes / 1e6 / Math.min(...row.runs.map((run) => run.wallS))),
      fixed(rate(row, "cpuS", textBytes)),
      (rate(row, "wallS", textBytes) / baseRate).toFixed(2),
      `${row.runs.filter(isCalm).length} of ${row.runs.length}`,
      ...memoryCells(row.runs),
    ]),
    3,
  );
}

/** Parts are timed by themselves, so that what they wait for tells little: processor time first. */
function renderParts(rows, { textBytes }) {
  return table(
    ["part", "file", "MB/s per core", "best", "MB/s", "calm runs", "peak RSS", "own memory"],
    rows.map((row) => [
      ...[row.engine, row.storage],
      fixed(rate(row, "cpuS", textBytes)),
      fixed(textBytes / 1e6 / Math.min(...row.runs.map((run) => run.cpuS))),
      fixed(rate(row, "wallS", textBytes)),
      `${row.runs.filter(isCalm).length} of ${row.runs.length}`,
      ...memoryCells(row.runs),
    ]),
  );
}

function memoryCells(runs) {
  const most = (field) => megabytes(Math.max(...runs.map((run) => run[field])));
  return [most("peakRssBytes"), most("peakAnonBytes")];
}

/** Seconds that passed; the shares by processor time too, because others cannot change those. */
function renderOrchestration({ orchestration }) {
  const head = ["file", "process", "native, main thread", "native, worker", "between the worker's calls"];
  return table(
    [...head, "start, end and the rest", "between, wall / cpu", "outside native calls, wall / cpu"],
    orchestration.map(({ storage, runs }) => {
      const seconds = (of) => median(runs.map(of)).toFixed(3);
      const share = (of) => ["wallS", "cpuS"].map((clock) => percent(median(runs.map((run) => of(run, clock))), 2));
      return [
        storage,
        seconds(({ process }) => process.wallS),
        seconds(({ main }) => main.wallS),
        seconds(({ worker }) => worker.wallS),
        seconds(({ worker, workerSpan }) => workerSpan.wallS - worker.wallS),
        seconds(({ process, main, workerSpan }) => process.wallS - main.wallS - workerSpan.wallS),
        share(betweenCalls).join(" / "),
        share(outsideCalls).join(" / "),
      ];
    }),
    1,
  );
}

function renderGoals(goals) {
  return table(
    ["goal", "wanted", "by wall time", "by processor time"],
    goals.map(({ what, wanted, wall, cpu }) => [what, wanted, wall ?? "", cpu ?? ""]),
  );
}

function renderMemory(rows) {
  return table(
    ["engine", "file", "text", "peak RSS", "own memory"],
    rows.map(({ engine = "corpusgate full", storage, textBytes, run }) => [
      ...[engine, storage, megabytes(textBytes)],
      ...memoryCells([run]),
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
