/** The figures of `column` as tables. */
import { fixed, median, megabytes, table } from "../table.mjs";

/** All rows of a record: shards, columns, and what is to be said of rows without a figure. */
export function renderColumn({ rows }) {
  const parts = [];
  for (const kind of ["shard", "column"]) {
    const chosen = rows.filter((row) => row.kind === kind);
    if (chosen.length > 0) parts.push(titles[kind], render(chosen, kind));
  }
  const remarks = rows.flatMap((row) => [
    ...(row.note === null ? [] : [`${row.set}: ${row.note}.`]),
    ...(row.differs === null ? [] : [`${nameOf(row)}: RUST AND NODE DISAGREE: ${row.differs}.`]),
  ]);
  return [...parts, ...new Set(remarks)].join("\n\n");
}

/** A record's section of records/README.md. */
export function renderColumnSection(record) {
  const { machine, versions } = record;
  const from = versions.changed ? `${versions.commit} with changes` : versions.commit;
  return `## ${record.name.replace(/\.json$/, "")}

- Machine: ${machine.cpu}, ${machine.cores} cores (${machine.features.join(", ")}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}
- Load: ${describeColumnLoad(record)}
- Versions: corpusgate ${versions.corpusgate} (${from}, addon ${versions.addon}), ${versions.rustc}, node ${versions.node}
- Command: \`${record.command}\`, ${record.rounds} rounds, interleaved, seed ${record.seed}

${renderColumn(record)}
`;
}

/** How much of the time that passed was not ours: what decides whether the figures can be trusted. */
export function describeColumnLoad({ rows }) {
  const runs = rows.flatMap(({ times }) => Object.values(times).flat());
  if (runs.length === 0) return "nothing was timed";
  const waited = runs.map(({ cpu, wall }) => Math.max(0, 1 - cpu / wall));
  const percent = (share) => `${(share * 100).toFixed(0)} %`;
  return `runs waited ${percent(median(waited))} of their time in the median, ${percent(Math.max(...waited))} at worst`;
}

const titles = {
  shard: "Whole shards, MB/s of text by processor time: of Rust reading and matching, of a scan by Rust, by Node:",
  column:
    "Arrow columns in memory, MB/s of text by processor time: of `Library::find` in Rust, of `matchBatch` in Node:",
};

/** What Rust does, and which of it Node is compared with. */
const sides = {
  shard: { of: "scan", names: { read: "Rust read, match", scan: "Rust scan", node: "Node scan" } },
  column: { of: "match", names: { match: "Rust find", node: "Node matchBatch" } },
};

function render(rows, kind) {
  const { of, names } = sides[kind];
  const cells = rows.map((row) => {
    const figure = (name, choose) => row.bytes / 1e6 / choose(row.times[name].map(({ cpu }) => cpu));
    const timed = row.differs === null;
    return [
      nameOf(row),
      megabytes(row.bytes),
      megabytes(row.storedBytes),
      row.flagged === null ? `${row.hits} hits` : `${row.flagged} of ${row.records}`,
      ...Object.keys(names).map((name) => (timed ? fixed(figure(name, least)) : "differs")),
      timed ? percent(figure("node", least) / figure(of, least)) : "",
      timed ? percent(pairedRatio(row.times[of], row.times.node)) : "",
    ];
  });
  const ratio = `Node of ${names[of]}`;
  return table(["set", "text", "stored", "found", ...Object.values(names), ratio, "by rounds"], cells, 1);
}

/** The middle of the ratios of each round: what a machine does for seconds on end, it does to both sides of a round. */
function pairedRatio(rust, node) {
  return median(rust.map(({ cpu }, round) => cpu / node[round].cpu));
}

function least(values) {
  return Math.min(...values);
}

function nameOf({ set, profile, storage }) {
  return `${set}, ${profile}, ${storage}`;
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
