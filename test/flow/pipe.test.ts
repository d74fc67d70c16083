/** `corpusgate pipe`: what a worker of a cluster has, a process that answers an Arrow stream batch by batch. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  Field,
  Int32,
  List,
  type RecordBatch,
  RecordBatchReader,
  Table,
  tableFromArrays,
  tableFromIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import { corpusgate, fromRoot, newFolder } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { answerOf, endMarker, pipe, startPipe, streamOf, valuesOf } from "./_streams.ts";

const folder = newFolder();
writeFiles(folder, {
  "library.yaml": {
    yaml: {
      version: 1,
      name: "test",
      entries: [
        { id: "smuggle", text: "走私", risks: ["A1h"], severity: "block" },
        { id: "rude", text: "ransom", risks: ["A5a"], severity: "block" },
        { id: "seen", text: "note", risks: ["A1f"], severity: "info" },
      ],
    },
  },
  "policy.yaml": { yaml: { version: 1, stages: { fast: "off" } } },
});
const keywords = ["--library", join(folder, "library.yaml"), "--policy", join(folder, "policy.yaml")];

/** A text, by its number, and the verdict on it. */
const texts: readonly (readonly [string | null, string])[] = [
  ["有人走 私香烟", "flagged"],
  ["a ransom note", "unqualified"],
  ["nothing to see", "clean"],
  [null, "empty"],
  [" \u200b ", "empty"],
];
const textOf = (row: number) => texts[row % texts.length] as readonly [string | null, string];

/** Rows of a stream: text, a number, a list and a struct beside it. */
function rows(from: number, count: number): Table {
  const numbers = Array.from({ length: count }, (_, at) => from + at);
  return new Table({
    n: vectorFromArray(
      numbers.map((n) => (n % 7 === 3 ? null : n)),
      new Int32(),
    ),
    text: vectorFromArray(
      numbers.map((n) => textOf(n)[0]),
      new Utf8(),
    ),
    tags: vectorFromArray(
      numbers.map((n) => Array.from({ length: n % 3 }, (_, at) => `tag ${at}`)),
      new List(new Field("item", new Utf8(), true)),
    ),
  });
}

const verdictsOf = (from: number, count: number) => Array.from({ length: count }, (_, at) => textOf(from + at)[1]);

/** An answer's record batches, by their rows. */
const sizesOf = (table: Table) => table.batches.map((batch) => batch.numRows);

describe("an answer", () => {
  it("has a row for each row, in the same record batches, whose columns are as they came", async () => {
    const sizes = [0, 3, 1, 0, 5000, 1, 1, 70_000, 0, 2];
    let from = 0;
    const tables = sizes.map((size) => {
      const table = rows(from, size);
      from += size;
      return size === 0 ? emptyBatch() : table;
    });
    const input = streamOf(...tables);
    const { code, stderr, stdout } = await pipe(keywords, input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [came, answer] = [tableFromIPC(input), answerOf(stdout)];
    expect(sizesOf(came)).toEqual(sizes);
    expect(sizesOf(answer)).toEqual(sizes);
    for (const name of ["n", "text", "tags"]) expect(valuesOf(answer, name)).toEqual(valuesOf(came, name));
    expect(valuesOf(answer, "cg_verdict")).toEqual(verdictsOf(0, from));
    expect(answer.schema.names.slice(3)).toEqual(
      ["verdict", "reason", "risks", "entries", "spans", "hits", "score", "output"].map((name) => `cg_${name}`),
    );
    const first = answer.slice(0, 5);
    expect(valuesOf(first, "cg_entries")).toEqual([["smuggle"], ["rude", "seen"], [], [], []]);
    expect(valuesOf(first, "cg_risks")).toEqual([["A1h"], ["A5a"], [], [], []]);
    expect(valuesOf(first, "cg_hits")).toEqual([1, 2, 0, 0, 0]);
    expect(valuesOf(first, "cg_spans")[0]).toEqual([{ entry: "smuggle", start: 6, end: 13 }]);
    for (const name of ["cg_reason", "cg_score", "cg_output"])
      expect(valuesOf(first, name)).toEqual(Array(5).fill(null));
  });

  it("of a schema alone is a schema alone", async () => {
    const { code, stdout } = await pipe(keywords, streamOf(new Table(rows(0, 1).schema)));
    expect(code).toBe(0);
    const answer = tableFromIPC(stdout);
    expect([answer.numRows, answer.schema.names.length]).toEqual([0, 3 + 8]);
  });

  it("without the columns that came has the id that was asked for", async () => {
    const args = [...keywords, "--only-verdicts", "--id-column", "n", "--text-column", "text"];
    const { stdout } = await pipe(args, streamOf(rows(0, 4)));
    const answer = answerOf(stdout);
    expect(answer.schema.names[0]).toBe("cg_id");
    expect(answer.schema.names).not.toContain("text");
    expect(valuesOf(answer, "cg_id")).toEqual(["0", "1", "2", null]);
    expect(valuesOf(answer, "cg_verdict")).toEqual(verdictsOf(0, 4));
  });

  it("tells what it counted", async () => {
    const { stderr } = await pipe([...keywords, "--json"], streamOf(rows(0, 10), rows(10, 5)));
    expect(JSON.parse(stderr)).toEqual({
      ...{ kind: "summary", batches: 2, rows: 15, empty: 6, records: 9, assessed: 9, notAssessed: {} },
      ...{ flagged: 3, unqualified: 6, risks: { A1h: 3, A5a: 3 } },
      stages: { keywordOnly: 6, classifierOnly: 0, both: 0, neither: 3 },
      textBytes: 3 * (19 + 13 + 14),
      endMarker: true,
    });
  });

  it("has no verdict where a stage that the policy needs did not run", async () => {
    const args = ["--library", join(folder, "library.yaml"), "--stages", "keyword", "--json"];
    const { code, stderr, stdout } = await pipe(args, streamOf(rows(0, 5)));
    expect(code).toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ assessed: 0, flagged: 0, notAssessed: { "stage-missing": 3 } });
    const answer = answerOf(stdout);
    expect(valuesOf(answer, "cg_verdict")).toEqual([...Array(3).fill("not-assessed"), "empty", "empty"]);
    expect(valuesOf(answer, "cg_reason")).toEqual([...Array(3).fill("stage-missing"), null, null]);
  });
});

describe("a dialogue", () => {
  it("has its answer before the next record batch is sent", async () => {
    const tables = Array.from({ length: 6 }, (_, at) => rows(at * 5, 5));
    const whole = streamOf(...tables);
    const ends = tables.map((_, at) => streamOf(...tables.slice(0, at + 1)).length - endMarker);
    const { child, ended } = startPipe(keywords);
    const answers = async () => {
      const reader = await RecordBatchReader.from(child.stdout);
      await reader.open();
      for (const [at, end] of ends.entries()) {
        if (at > 0) child.stdin.write(whole.subarray(ends[at - 1], end));
        const { value } = await reader.next();
        expect(valuesOf(new Table([value]), "cg_verdict")).toEqual(verdictsOf(at * 5, 5));
      }
      child.stdin.end(whole.subarray(ends.at(-1)));
      expect((await reader.next()).done).toBe(true);
    };
    child.stdin.write(whole.subarray(0, ends[0]));
    await answers();
    expect(await ended).toEqual({ code: 0, stderr: "" });
  });

  it("with a reader that sleeps is not read on, and memory does not grow", async () => {
    const table = new Table({
      text: vectorFromArray(
        Array.from({ length: 1000 }, (_, at) => `${at} ${"nothing to see, ".repeat(64)}`),
        new Utf8(),
      ),
    });
    const [one, two] = [streamOf(table), streamOf(table, table)];
    const batch = two.subarray(one.length - endMarker, two.length - endMarker);
    const { child, ended } = startPipe(keywords);
    child.stdin.write(one.subarray(0, one.length - endMarker));
    let sent = 1;
    const total = 150;
    const sending = (async () => {
      for (; sent < total; sent++) if (!child.stdin.write(batch)) await once(child.stdin, "drain");
      child.stdin.end(two.subarray(two.length - endMarker));
    })();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    // A megabyte each: what the pipes, the message in hand and the answers that wait hold.
    const before = sent;
    expect(before).toBeLessThan(12);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sent).toBe(before);
    let peak = 0;
    let count = 0;
    let bytes = 0;
    const reader = await RecordBatchReader.from(child.stdout);
    await reader.open();
    const early: number[] = [];
    for await (const { numRows } of reader) {
      count += numRows;
      bytes += batch.length;
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? peak) * 1024;
      early.push(peak);
    }
    await sending;
    expect(await ended).toEqual({ code: 0, stderr: "" });
    expect(count).toBe(total * 1000);
    expect(bytes).toBeGreaterThan(100e6);
    expect(peak - (early[20] as number)).toBeLessThan(64e6);
    expect(peak).toBeLessThan(400e6);
  });

  it("that its reader leaves ends quietly", async () => {
    const { child, ended } = startPipe(keywords);
    const table = rows(0, 20_000);
    const input = streamOf(...Array.from({ length: 50 }, () => table));
    child.stdin.write(input);
    await once(child.stdout, "data");
    child.stdout.destroy();
    // Stdin stays open: the command ends by itself.
    expect(await ended).toEqual({ code: 0, stderr: "" });
  });
});

describe("streams that other writers make", () => {
  const made = fromRoot("test/data/streams");
  const files = readdirSync(made).filter((name) => name.endsWith(".arrows"));

  it.each(files)("%s", async (name) => {
    const { code, stderr, stdout } = await pipe([...keywords, "--only-verdicts"], readFileSync(join(made, name)));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const answer = answerOf(stdout);
    expect(sizesOf(answer)).toEqual([5, 5, 0, 1]);
    expect(valuesOf(answer, "cg_verdict")).toEqual([...verdictsOf(0, 5), ...verdictsOf(0, 5), "flagged"]);
    const whole = await pipe(keywords, readFileSync(join(made, name)));
    expect(whole.code).toBe(0);
    expect(whole.stdout.length).toBeGreaterThan(stdout.length);
  });

  it("are there", () => {
    expect(files.toSorted()).toEqual(
      ["dictionary-grows", "dictionary-replaced", "large", "lz4", "view", "zstd"].map((name) => `${name}.arrows`),
    );
  });
});

describe("a stream that is wrong", () => {
  const tables = [rows(0, 5), rows(5, 1), rows(6, 4)];
  const whole = streamOf(...tables);
  const ends = tables.map((_, at) => streamOf(...tables.slice(0, at + 1)).length - endMarker);
  const rowsBefore = (length: number) =>
    tables.filter((_, at) => (ends[at] as number) <= length).reduce((sum, { numRows }) => sum + numRows, 0);

  it.each([1, 3, 7, 100, -700, -300, -33, -9, -4, -1])("cut at %d", async (cut) => {
    const length = cut < 0 ? whole.length + cut : cut;
    const { code, stderr, stdout } = await pipe(keywords, whole.subarray(0, length));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^corpusgate: stdin: damaged at (schema|record batch [0-3]), byte \d+: the stream is cut off in /,
    );
    const answer = answerOf(stdout);
    expect(answer.numRows).toBe(rowsBefore(length));
    if (answer.numRows > 0) expect(valuesOf(answer, "cg_verdict")).toEqual(verdictsOf(0, answer.numRows));
  });

  it.each([0, 1, 2])("closed behind record batch %d is whole, and that is said", async (at) => {
    const { code, stderr, stdout } = await pipe(keywords, whole.subarray(0, ends[at]));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "the stream was closed without an end marker, behind a whole record batch\n",
    });
    expect(answerOf(stdout).numRows).toBe(rowsBefore(ends[at] as number));
  });

  it.each<[string, Uint8Array | string, number, RegExp]>([
    ["nothing", "", 64, /^corpusgate: stdin: no byte came; an Arrow IPC stream was expected\n$/],
    [
      "JSON lines",
      '{"text":"a"}\n',
      2,
      /stdin: damaged at schema, byte 0: it begins with the bytes 7b 22 74 65, not as/,
    ],
    ["an Arrow file", "ARROW1\0\0", 2, /: an Arrow file, where a stream was expected\n$/],
    ["a Parquet file", "PAR1abcd", 2, /: a Parquet file, where an Arrow stream was expected\n$/],
    ["an end alone", Buffer.from("ffffffff00000000", "hex"), 2, /the stream ends before its schema\n$/],
    [
      "a claim of memory",
      Buffer.from("ffffffffffffff7f", "hex"),
      2,
      /metadata at schema, byte 0 is 2147483647; the limit is/,
    ],
    ["two streams", Buffer.concat([whole, whole]), 2, /damaged at byte \d+: bytes follow the end of the stream/],
    [
      "a batch first",
      whole.subarray(ends[0]),
      2,
      /damaged at schema: a message of kind RecordBatch where a schema belongs/,
    ],
  ])("%s", async (_, input, code, message) => {
    const ended = await pipe(keywords, Buffer.from(input as Uint8Array));
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(message);
  });

  it("is answered up to a string that is not UTF-8", async () => {
    const bytes = Buffer.from(whole);
    const at = bytes.indexOf("nothing to see", ends[1]);
    bytes[at] = 0xff;
    const { code, stderr, stdout } = await pipe([...keywords, "--json"], bytes);
    expect(code).toBe(2);
    const [summary, message] = stderr.trim().split("\n") as [string, string];
    expect(message).toBe(
      'corpusgate: stdin: damaged at record batch 2, column "text", row 1 of the batch: a string is not valid UTF-8',
    );
    expect(JSON.parse(summary)).toMatchObject({ batches: 2, rows: 6, endMarker: false });
    expect(answerOf(stdout).numRows).toBe(6);
  });

  it("is refused over the memory that it may have", async () => {
    const { code, stderr } = await pipe([...keywords, "--memory", "512KiB"], streamOf(rows(0, 20_000)));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^corpusgate: stdin: bytes of a message at record batch 0, byte \d+ is \d+; the limit is 65536\n$/,
    );
  });

  it.each<[string, Table, string[], string]>([
    ["no text", tableFromArrays({ n: Int32Array.of(1) }), [], 'so the text column must be named; the columns are "n"'],
    [
      "no such text",
      rows(0, 1),
      ["--text-column", "body"],
      'text column "body" does not exist; the columns are "n", "text", "tags"',
    ],
    ["a text of numbers", rows(0, 1), ["--text-column", "n"], 'text column "n" holds Int; '],
    ["no such id", rows(0, 1), ["--id-column", "key"], 'id column "key" does not exist; '],
    [
      "a name that is taken",
      tableFromArrays({ text: ["a"], cg_hits: ["b"] }),
      [],
      'there is a column "cg_hits", as one of ',
    ],
  ])("that has %s is wrong use", async (_, table, args, message) => {
    const { code, stderr, stdout } = await pipe([...keywords, ...args], streamOf(table));
    expect({ code, stdout: stdout.length }).toEqual({ code: 64, stdout: 0 });
    expect(stderr).toContain(`corpusgate: stdin: ${message.startsWith("so") ? "no column is " : message}`);
    expect(stderr).toContain(message);
  });
});

describe("the example corpus", () => {
  const sources: readonly [string, () => Uint8Array][] = [
    ["wiki-zh", () => readFileSync(fromRoot("examples/corpus/wiki-zh.arrow"))],
    ["book-en", () => readFileSync(fromRoot("examples/corpus/book-en.arrow"))],
    ["sms-en", () => streamOfLines(readFileSync(fromRoot("examples/corpus/sms-en.jsonl"), "utf8"))],
    [
      "posts-zh",
      () => streamOfLines(gunzipSync(readFileSync(fromRoot("examples/corpus/posts-zh.jsonl.gz"))).toString()),
    ],
    ["gov-en", () => streamOfLines(gunzipSync(readFileSync(fromRoot("examples/corpus/gov-en.jsonl.gz"))).toString())],
  ];

  it("has the verdicts of a scan", async () => {
    const out = join(newFolder(), "run");
    // Whatever its key, each record goes into the evidence: --sample takes as many as there are.
    const { code } = await corpusgate([
      "scan",
      fromRoot("examples/corpus.yaml"),
      "--out",
      out,
      "--device",
      "cpu",
      "--quiet",
    ]);
    expect(code).toBe(1);
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as {
      sources: { id: string; rows: number; assessed: number; flagged: number; unqualified: number; risks: object }[];
    };
    const evidence = readdirSync(join(out, "evidence"))
      .flatMap((name) => tableFromIPC(readFileSync(join(out, "evidence", name))).toArray())
      .map((row) => row.toJSON() as Record<string, unknown>);
    for (const [source, bytes] of sources) {
      const args = ["--library", fromRoot("examples/library/library.yaml"), "--device", "cpu", "--json"];
      const { code, stderr, stdout } = await pipe([...args, "--id-column", "id"], bytes());
      expect(code, stderr).toBe(0);
      const counts = JSON.parse(stderr.trim().split("\n").at(-1) as string);
      const reported = report.sources.find(({ id }) => id === source);
      for (const field of ["rows", "assessed", "flagged", "unqualified", "risks", "stages", "textBytes"] as const) {
        expect(counts[field], `${source}: ${field}`).toEqual((reported as unknown as Record<string, unknown>)[field]);
      }
      const answer = answerOf(stdout);
      const rowOf = new Map(valuesOf(answer, "cg_id").map((id, row) => [id, row]));
      const column = (name: string) => valuesOf(answer, `cg_${name}`);
      const [verdict, risks, spans, hits, score] = ["verdict", "risks", "spans", "hits", "score"].map(
        column,
      ) as unknown[][];
      const found = evidence.filter((row) => row.source === source);
      expect(found.length, source).toBeGreaterThan(0);
      for (const row of found) {
        const at = rowOf.get(row.id as string) as number;
        const plain = (list: unknown) =>
          Array.from(list as Vector, (one) => (one as { toJSON?(): unknown })?.toJSON?.() ?? one);
        expect(verdict?.[at], `${source} ${row.id}`).toBe(row.verdict);
        expect(risks?.[at]).toEqual(plain(row.risks));
        expect(spans?.[at]).toEqual(plain(row.hits));
        expect(hits?.[at]).toBe(row.hitCount);
        expect(score?.[at]).toBe(Math.max(...(plain(row.scores) as number[])));
      }
      const flagged = (verdict as string[]).filter((one) => one === "flagged").length;
      expect(found.filter((row) => row.verdict === "flagged").length).toBe(flagged);
    }
  });
});

/** Lines `{id, text}` as record batches of a thousand rows. */
function streamOfLines(lines: string): Uint8Array {
  const records = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: unknown; text: string | null });
  const tables: Table[] = [];
  for (let at = 0; at < records.length; at += 1000) {
    const part = records.slice(at, at + 1000);
    const strings = (of: (one: (typeof part)[number]) => string | null) => vectorFromArray(part.map(of), new Utf8());
    tables.push(new Table({ id: strings(({ id }) => String(id)), text: strings(({ text }) => text) }));
  }
  return streamOf(...tables);
}

/** A table with one record batch of no rows. */
function emptyBatch(): Table {
  const { schema, batches } = rows(0, 1);
  return new Table(schema, [(batches[0] as RecordBatch).slice(0, 0)]);
}
