/**
 * The draw, recomputed from the corpus by a second implementation that shares no code with the first: it reads the
 * files itself, hashes with node:crypto and sorts.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { RecordBatchFileWriter, tableFromArrays, tableFromIPC } from "apache-arrow";
import { scan } from "corpusgate";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { corpusgate, newFolder, reportOf, reportTextOf } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

/** A record that can be read, as the test knows it. */
interface Place {
  readonly source: string;
  readonly id: string;
  readonly file: string;
  readonly position: number;
  readonly isFlagged: boolean;
}

/** A record that was drawn, or stands in the evidence. */
interface Row extends Omit<Place, "isFlagged"> {
  readonly key: string;
  readonly verdict: string;
}

const word = "smuggle";
const folder = newFolder();
let places: Place[];
/** Records per source, those without a verdict included. */
const sizes = new Map<string, number>();
let run: string;
let report: Report;

/** JSON lines, with what a corpus really has: ids missing or twice, empty texts, lines that are none, long and short. */
function makeLines(count: number, salt: number): string {
  const lines = Array.from({ length: count }, (_, n) => {
    if (n % 41 === 7) return "{not JSON";
    if (n % 29 === 3) return JSON.stringify({ id: `e${n}`, text: n % 2 === 0 ? "" : "\u200b \u3000" });
    const text = `${n % 97 === 5 ? word : "fine"} ${"走私案卷".repeat((n * salt) % 7)} ${n}`;
    if (n % 13 === 0) return JSON.stringify({ text });
    return JSON.stringify({ text, id: n % 17 === 0 ? "same" : n % 5 === 0 ? n : `编号-${n}` });
  });
  // Blank lines are no rows; one line ends as Windows ends it, the last one without a newline.
  return `${lines.slice(0, 10).join("\n")}\r\n\n  \n${lines.slice(10).join("\n")}`;
}

/** What lies where in lines, found byte by byte. */
function readLines(source: string, file: string, text: string): Place[] {
  const bytes = Buffer.from(text);
  const found: Place[] = [];
  let records = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.toString("utf8", start, end).trim();
    if (line !== "") {
      let json: { id?: string | number; text?: string } | null = null;
      try {
        json = JSON.parse(line);
      } catch {
        records++;
      }
      const content = json?.text ?? "";
      if (content.replace(/[\s\u200b]/g, "") !== "") {
        records++;
        found.push({ source, file, id: String(json?.id ?? ""), position: start, isFlagged: content.includes(word) });
      }
    }
    start = end + 1;
  }
  sizes.set(source, (sizes.get(source) ?? 0) + records);
  return found;
}

const key = (seed: string, place: Omit<Place, "isFlagged">) =>
  createHash("sha256")
    .update([seed, place.source, place.id, place.file, String(place.position)].join("\0"))
    .digest("hex");

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Rows of an Arrow file of the run folder; `file` of evidence is not in it and stands in the run's plan. */
function rowsOf(path: string): Row[] {
  return tableFromIPC(readFileSync(path))
    .toArray()
    .map((row) => ({
      key: hex(row.key),
      source: row.source,
      id: row.id ?? "",
      file: row.file ?? "",
      position: Number(row.position),
      verdict: row.verdict,
    }));
}

const smallest = (rows: readonly Place[], seed: string, count: number) =>
  rows
    .map((place) => ({ ...place, key: key(seed, place) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, count);

const keysOf = (rows: readonly { key: string }[]) => rows.map((row) => row.key).toSorted();

/** The two samples that a seed draws. */
function drawn(seed: string): { technical: string[]; manual: string[] } {
  const manual = smallest(places, seed, Math.min(4000, sum([...sizes.values()])));
  const technical = [...sizes].flatMap(([source, records]) =>
    smallest(
      places.filter((place) => place.source === source),
      seed,
      Math.ceil(records / 10),
    ),
  );
  return { technical: [...new Set(keysOf([...technical, ...manual]))], manual: keysOf(manual) };
}

const sum = (counts: readonly number[]) => counts.reduce((total, n) => total + n, 0);
const sample = (name: string, of = run) => rowsOf(join(of, "sample", `${name}.arrow`));

beforeAll(async () => {
  const [a, b1, b2, c] = [makeLines(31, 1), makeLines(900, 3), makeLines(470, 2), makeLines(7000, 5)];
  const arrow = {
    id: Array.from({ length: 333 }, (_, n) => `r${n}`),
    text: Array.from({ length: 333 }, (_, n) => (n % 10 === 4 ? null : n % 50 === 1 ? word : `row ${n}`)),
  };
  writeFiles(folder, {
    "library.yaml": `version: 1\nname: l\nentries:\n  - { id: s, text: ${word}, risks: [A1h], severity: block }\n`,
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
    "data/a.jsonl": a,
    "data/b/1.jsonl": b1,
    "data/b/2.jsonl": b2,
    "data/c.jsonl.gz": { base64: gzipSync(c).toString("base64") },
    "data/d.arrow": {
      base64: Buffer.from(RecordBatchFileWriter.writeAll(tableFromArrays(arrow)).toUint8Array(true)).toString("base64"),
    },
    "corpus.yaml": {
      yaml: {
        version: 1,
        library: "library.yaml",
        policy: "policy.yaml",
        sources: [
          { id: "a", files: ["data/a.jsonl"] },
          { id: "来源 b", files: ["data/b/*.jsonl"] },
          { id: "c", files: ["data/c.jsonl.gz"] },
          { id: "d", files: ["data/d.arrow"] },
        ],
      },
    },
  });
  places = [
    ...readLines("a", "data/a.jsonl", a),
    ...readLines("来源 b", "data/b/1.jsonl", b1),
    ...readLines("来源 b", "data/b/2.jsonl", b2),
    ...readLines("c", "data/c.jsonl.gz", c),
    ...arrow.text.flatMap((text, position) =>
      text === null
        ? []
        : [{ source: "d", file: "data/d.arrow", id: `r${position}`, position, isFlagged: text === word }],
    ),
  ];
  sizes.set("d", arrow.text.filter((text) => text !== null).length);
  run = join(folder, "run");
  await corpusgate(["scan", "corpus.yaml", "--out", "run", "--quiet"], { cwd: folder });
  report = expectSound(reportTextOf(run) ?? "");
});

describe("the draw, recomputed", () => {
  it("is over the records that the test reads by itself", () => {
    const counted = report.sources.map(({ id, records, assessed, flagged }) => ({ id, records, assessed, flagged }));
    expect(counted).toEqual(
      [...sizes].map(([id, records]) => {
        const own = places.filter((place) => place.source === id);
        return { id, records, assessed: own.length, flagged: own.filter(({ isFlagged }) => isFlagged).length };
      }),
    );
    // Otherwise the manual sample would be the whole corpus and prove nothing.
    expect(places.length).toBeGreaterThan(2 * 4000 * 0.9);
  });

  it("takes the ⌈N/10⌉ smallest keys of each source, and the manual sample with them", () => {
    const expected = drawn(report.seed);
    expect(keysOf(sample("technical"))).toEqual(expected.technical.toSorted());
    expect(keysOf(sample("manual"))).toEqual(expected.manual);
    expect(report.technicalSample).toMatchObject({
      algorithm: "bottom-k/sha-256",
      drawn: expected.technical.length,
      required: Math.ceil(sum([...sizes.values()]) / 10),
    });
    expect(report.manualSample).toEqual({ algorithm: "bottom-k/sha-256", required: 4000, drawn: 4000 });
    for (const [source, records] of sizes) {
      const own = sample("technical").filter((row) => row.source === source);
      expect(own.length, source).toBeGreaterThanOrEqual(Math.min(Math.ceil(records / 10), places.length));
    }
  });

  it("names every drawn record by what its key is made of, with its verdict", () => {
    const byKey = new Map(places.map((place) => [key(report.seed, place), place]));
    for (const row of [...sample("technical"), ...sample("manual")]) {
      const { isFlagged, ...place } = byKey.get(row.key) as Place;
      expect(row).toEqual({ ...place, key: row.key, verdict: isFlagged ? "flagged" : "clean" });
    }
  });

  it("stands in evidence that holds every flagged record and each record once", () => {
    const rows = readdirSync(join(run, "evidence")).flatMap((name) => rowsOf(join(run, "evidence", name)));
    expect(new Set(keysOf(rows)).size).toBe(rows.length);
    const flagged = rows.filter(({ verdict }) => verdict === "flagged");
    const expected = places.filter(({ isFlagged }) => isFlagged).map((place) => ({ key: key(report.seed, place) }));
    expect(keysOf(flagged)).toEqual(keysOf(expected));
    const drawnKeys = new Set(keysOf(rows));
    for (const { key } of sample("technical")) expect(drawnKeys.has(key)).toBe(true);
  });
});

describe("the nonce", () => {
  it("changes the seed and the draw, and stands in the report", async () => {
    await corpusgate(["scan", "corpus.yaml", "--out", "nonce", "--nonce", "00FFab", "--quiet"], { cwd: folder });
    const other = reportOf(join(folder, "nonce"));
    expect(other.nonce).toBe("00ffab");
    expect(report.nonce).toBeNull();
    expect(other.seed).not.toBe(report.seed);
    const expected = drawn(other.seed);
    expect(keysOf(sample("manual", join(folder, "nonce")))).toEqual(expected.manual);
    expect(expected.manual).not.toEqual(drawn(report.seed).manual);
    expect(other.totals).toEqual(report.totals);
  });
});

describe("a first pass that kept too little", () => {
  // What chance does to sources of more than 40,000 records is forced on small ones.
  const tiny = { keySpace: 2 ** 20, keptPerSource: 3 };

  it("is followed by a second one over the sources that are short, and gives the same report", async () => {
    const events: { kind: string; sources?: readonly string[] }[] = [];
    const out = join(folder, "tiny");
    const result = await scan(join(folder, "corpus.yaml"), {
      out,
      sampling: tiny,
      device: "cpu",
      onEvent: (event) => {
        if (event.kind === "second-pass") events.push(event);
      },
    });
    expect(events.map(({ sources }) => sources)).toEqual([["a", "来源 b", "c", "d"]]);
    expect(reportTextOf(out)).toBe(reportTextOf(run));
    expect(result.report).toEqual(JSON.parse(reportTextOf(run) ?? ""));
    for (const name of ["technical", "manual"]) expect(keysOf(sample(name, out))).toEqual(keysOf(sample(name)));
  });

  it("is not needed before collection, where the sample is what is kept", async () => {
    const kinds: string[] = [];
    const pre = { phase: "pre", sample: 150, device: "cpu" } as const;
    const [small, usual] = await Promise.all(
      [tiny, undefined].map((sampling, at) =>
        scan(join(folder, "corpus.yaml"), {
          ...pre,
          out: join(folder, `pre-${at}`),
          sampling,
          onEvent: ({ kind }) => kinds.push(kind),
        }),
      ),
    );
    expect(kinds).not.toContain("second-pass");
    expect(small?.report).toEqual(usual?.report);
    for (const [source, records] of sizes) {
      const own = small?.report.sources.find(({ id }) => id === source);
      const readable = places.filter((place) => place.source === source).length;
      expect(own?.assessed, source).toBe(Math.min(150, readable));
      expect(own?.records, source).toBe(records);
      const expected = smallest(
        places.filter((place) => place.source === source),
        small?.report.seed ?? "",
        150,
      );
      expect(own?.flagged, source).toBe(expected.filter(({ isFlagged }) => isFlagged).length);
    }
  });
});
