/** The figures of `match` as tables: of one set while it runs, of all sets for the record. */
import { fixed, median, table } from "../table.mjs";

/** One set: every engine with its figures. */
export function renderSet(set) {
  const best = bestPeer(set, Math.min);
  const alone = bestAlone(set, Math.min);
  const rows = set.engines.map((engine) => {
    const { name, version, tableBytes, build, isPeer } = engine;
    const of = (peer, rate) => (peer === undefined || rate === undefined ? "" : (rate / peer.rate).toFixed(2));
    const rate = engine.rounds.length === 0 ? undefined : rateOf(engine, set, Math.min);
    const aloneRate = engine.alone.length === 0 ? undefined : rateOf({ rounds: engine.alone }, set, Math.min);
    const keys = [aloneRate === undefined ? "" : aloneRate.toPrecision(3), of(alone, isPeer ? aloneRate : rate)];
    return [
      `${name}${version === null ? "" : ` ${version}`}`,
      cellOf(engine, set, Math.min),
      cellOf(engine, set, median),
      of(best, rate),
      ...(set.keys === null ? [] : keys),
      build === null ? "" : Math.min(...build.cpu).toFixed(3),
      tableBytes === null ? "" : megabytes(tableBytes),
      build === null ? "" : megabytes(build.peakBytes),
    ];
  });
  const parts = [describeSet(set)];
  const timed = set.engines.some((engine) => engine.rounds.length > 0);
  const keys = set.keys === null ? [] : ["keys alone", "of best alone"];
  const head = ["engine", "GB/s", "median", "of best peer", ...keys, "build s", "tables MB", "peak MB"];
  if (timed) parts.push(table(head, rows, 1));
  const counted = set.engines.filter((engine) => cellOf(engine, set, Math.min) === "counted").map(({ name }) => name);
  if (counted.length > 0) parts.push(`So count ${counted.join(", ")}.`);
  parts.push(...remarks([set]));
  if (set.processes.length > 0) parts.push(renderProcesses([set]));
  return parts.join("\n\n");
}

/** All sets of a record: speeds, builds, processes, and what is to be said of rows without a figure. */
export function renderMatch(record) {
  const modes = [...new Set(record.sets.map(({ mode }) => mode))];
  const parts = modes.flatMap((mode) => {
    const sets = record.sets.filter((set) => set.mode === mode);
    return [
      `${titles[mode]} GB/s of the fastest round:`,
      renderSpeeds(sets),
      "Processor seconds of the quickest build / MB of tables / MB of memory that the build took at most:",
      renderBuilds(sets),
    ];
  });
  const withProcesses = record.sets.filter(({ processes }) => processes.length > 0);
  if (withProcesses.length > 0) {
    parts.push("Processes of their own, on the beginning of the same text:", renderProcesses(withProcesses));
  }
  parts.push(...remarks(record.sets));
  for (const { name, install } of record.missing) parts.push(`Missing: ${name}. To install it: \`${install}\``);
  return parts.join("\n\n");
}

/** A record's section of records/README.md. */
export function renderMatchSection(record) {
  const { machine, versions, sets } = record;
  const from = versions.changed ? `${versions.commit} with changes` : versions.commit;
  const engines = new Map(sets.flatMap((set) => set.engines).map(({ name, version }) => [name, version]));
  const processes = new Map(sets.flatMap((set) => set.processes).map(({ name, version }) => [name, version]));
  const names = [...engines, ...processes].filter(([, version]) => version).map((pair) => pair.join(" "));
  const shares = sets.map(({ othersShare }) => `${Math.round(othersShare * 100)} %`);
  return `## ${record.name.replace(/\.json$/, "")}

- Machine: ${machine.cpu}, ${machine.cores} cores (${machine.features.join(", ")}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}
- Load: others took ${[...new Set(shares)].join(", ")} of the processors, set by set
- Versions: corpusgate ${versions.corpusgate} (${from}), ${versions.rustc}; ${names.join(", ")}
- Frequencies that choose anchors: ${versions.frequencies.slice(0, 12)}; see "What choosing knows" in ../README.md
- Command: \`${record.command}\`, ${record.rounds} rounds, interleaved, one thread, ${record.chunkBytes === null ? "the text in one call" : `the text in chunks of ${record.chunkBytes} bytes`} (standard: record by record), seed ${record.seed}

${renderMatch(record)}
`;
}

const titles = {
  exact: "All occurrences, overlapping ones too.",
  "whole-word": "Whole words only; peers have every hit checked.",
  standard:
    "Keywords however they are written, record by record; peers search the keys that our normaliser makes, and come out with candidates, not hits. First with making the keys, behind the stroke without.",
};

function renderSpeeds(sets) {
  const names = namesOf(sets);
  const ours = names.some((name) => sets.some((set) => engineOf(set, name)?.isPeer === false));
  const keyed = sets.some(({ keys }) => keys !== null);
  const rows = sets.map((set) => {
    const best = bestPeer(set, Math.min);
    return [
      set.name,
      perKilobyte(set),
      ...names.map((name) => cellOf(engineOf(set, name), set, Math.min) + aloneOf(engineOf(set, name), set)),
      best?.name ?? "",
      ...(ours ? [ratioOf(set, bestPeer, Math.min), ratioOf(set, bestPeer, median)] : []),
      ...(ours && keyed ? [ratioOf(set, bestAlone, Math.min), ratioOf(set, bestAlone, median)] : []),
    ];
  });
  const ratios = [...(ours ? ["x", "x of medians"] : []), ...(ours && keyed ? ["x alone", "x alone of medians"] : [])];
  return table(["set", "hits/kB", ...names, "best peer", ...ratios], rows, 1);
}

function renderBuilds(sets) {
  const names = namesOf(sets);
  const cell = ({ build, tableBytes }) =>
    build === null
      ? ""
      : `${Math.min(...build.cpu).toFixed(3)} / ${megabytes(tableBytes)} / ${megabytes(build.peakBytes)}`;
  const rows = sets.map((set) => [set.name, ...names.map((name) => cell(engineOf(set, name) ?? { build: null }))]);
  return table(["set", ...names], rows, 1);
}

/** Slower by: the fastest engine of ours, or without one the best peer, over the process, in GB/s of the best rounds. */
function renderProcesses(sets) {
  const rows = sets.flatMap((set) => {
    const ours = bestOf(set, Math.min, ({ isPeer }) => !isPeer) ?? bestPeer(set, Math.min);
    return set.processes.map((row) => {
      const rate = row.rounds.length === 0 ? undefined : row.bytes / Math.min(...row.rounds) / 1e9;
      return [
        set.name,
        `${row.name} ${row.version ?? ""}`.trim(),
        row.time,
        rate === undefined ? row.failed : (rate * 1000).toFixed(1),
        rate === undefined || ours === undefined ? "" : `${(ours.rate / rate).toFixed(0)} x`,
        row.build === undefined ? "" : row.build.toFixed(2),
        `${row.hits ?? "?"} of ${row.expected} ${row.counts}`,
      ];
    });
  });
  const notes = new Map(sets.flatMap(({ processes }) => processes).map(({ name, differs }) => [name, differs]));
  const why = [...notes]
    .filter(([, differs]) => differs)
    .map(([name, differs]) => `${name} may count otherwise: ${differs}.`);
  const head = ["set", "engine", "time", "MB/s", "slower by", "build s", "found"];
  return [table(head, rows, 3), ...why].join("\n\n");
}

/** What rows without a figure have to say, each once. */
function remarks(sets) {
  const lines = sets.flatMap((set) => [
    ...(set.note === null ? [] : [`${set.name}: ${set.note}.`]),
    ...(set.text.unreadable === 0
      ? []
      : [`${set.name}: ${set.text.unreadable} records hold no text that can be read.`]),
    ...(set.keys === null ? [] : [describeKeys(set)]),
    ...set.engines.filter(({ missing }) => missing).map(({ name, missing }) => `${name} did not run: ${missing}.`),
    ...set.engines
      .filter(({ differs }) => differs)
      .map(({ name, differs }) => `${set.name}, ${set.mode}: ${name} COUNTS OTHERWISE: ${differs}.`),
  ]);
  return [...new Set(lines)];
}

function describeSet(set) {
  const { words, text, expected } = set;
  return [
    `${set.name}, ${set.mode}: ${words.count} words in ${megabytes(text.bytes)} MB`,
    text.copies > 1 ? `(${text.copies} times ${megabytes(text.copyBytes)} MB)` : "(once)",
    `- ${expected.hits} hits, ${perKilobyte(set)} per kB; checksum ${expected.checksum}`,
  ].join(" ");
}

function describeKeys(set) {
  const { keys, text, name } = set;
  const rate = keys.rounds.length === 0 ? "" : `, made at ${rateOf(keys, set, Math.min).toPrecision(3)} GB/s`;
  const size = `${megabytes(keys.copyBytes * text.copies)} MB of keys${rate}, of ${text.documents} records a copy`;
  return `${name}: peers look for ${keys.count} keys in ${size}; they find ${keys.candidates.hits} candidates.`;
}

/** 10⁶ bytes, without the unit; tables of a thousand words are hundredths of one. */
function megabytes(bytes) {
  return bytes < 10e6 ? (bytes / 1e6).toFixed(2) : fixed(bytes / 1e6);
}

function perKilobyte({ expected, text }) {
  return ((expected.hits * 1000) / text.bytes).toPrecision(2);
}

function namesOf(sets) {
  return [...new Set(sets.flatMap(({ engines }) => engines.map(({ name }) => name)))];
}

function engineOf(set, name) {
  return set.engines.find((engine) => engine.name === name);
}

/** GB of text per second of processor time, by the round that `choose` chooses. */
function rateOf({ rounds }, { text }, choose) {
  return text.bytes / (choose === Math.min ? Math.min(...rounds) : choose(rounds)) / 1e9;
}

function cellOf(engine, set, choose) {
  if (engine === undefined || engine.missing !== null) return "-";
  if (engine.differs !== null) return "differs";
  return engine.rounds.length === 0 ? "counted" : rateOf(engine, set, choose).toPrecision(3);
}

/** The fastest engine of a kind, and its rate. */
function bestOf(set, choose, kind) {
  const timed = set.engines.filter((engine) => kind(engine) && engine.rounds.length > 0);
  const rates = timed.map((engine) => ({ name: engine.name, rate: rateOf(engine, set, choose) }));
  return rates.toSorted((a, b) => b.rate - a.rate)[0];
}

/** What a peer does with keys that were made before, where it does. */
function aloneOf(engine, set) {
  if (engine === undefined || engine.alone.length === 0) return "";
  return ` / ${rateOf({ rounds: engine.alone }, set, Math.min).toPrecision(3)}`;
}

/** The fastest peer on keys that were made before. */
function bestAlone(set, choose) {
  const engines = set.engines.map((engine) => ({ ...engine, rounds: engine.alone }));
  return bestPeer({ ...set, engines }, choose);
}

function bestPeer(set, choose) {
  return bestOf(set, choose, ({ isPeer }) => isPeer);
}

/** Our fastest row over the best peer, as `bestOfPeers` finds it. */
function ratioOf(set, bestOfPeers, choose) {
  const [ours, peer] = [bestOf(set, choose, ({ isPeer }) => !isPeer), bestOfPeers(set, choose)];
  return ours === undefined || peer === undefined ? "" : (ours.rate / peer.rate).toFixed(2);
}
