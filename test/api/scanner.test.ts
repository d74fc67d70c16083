/** `Scanner`: verdicts on Arrow columns and streams, in the process of a program that embeds it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Binary,
  Dictionary,
  Int8,
  Int32,
  LargeUtf8,
  makeData,
  type RecordBatch,
  Table,
  tableFromArrays,
  Uint32,
  Utf8,
  Utf8View,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import { Library, ScanError, Scanner, type VerdictTable } from "corpusgate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromRoot, newFolder } from "../flow/_command.ts";
import { writeFiles } from "../flow/_files.ts";
import { answerOf, endMarker, pipe, streamOf, valuesOf } from "../flow/_streams.ts";

const folder = newFolder();
writeFiles(folder, {
  "library.yaml": {
    yaml: {
      version: 1,
      name: "test",
      entries: [
        { id: "smuggle", text: "走私", risks: ["A1h"], severity: "block" },
        { id: "rude", text: "ransom", risks: ["A5a"], severity: "block" },
      ],
    },
  },
  "policy.yaml": { yaml: { version: 1, stages: { fast: "off" } } },
});
const options = { library: join(folder, "library.yaml"), policy: join(folder, "policy.yaml") };

const texts = [
  "有人走 私香烟",
  "a ransom note",
  null,
  "nothing to see here, whatever it is",
  "",
  "走私",
  "\u200b",
  null,
  "fin",
];
const verdicts = ["flagged", "unqualified", "empty", "clean", "empty", "flagged", "empty", "empty", "clean"];

let scanner: Scanner;
beforeAll(async () => {
  scanner = await Scanner.open(options);
});
afterAll(() => scanner.close());

const verdictOf = (table: VerdictTable) => valuesOf(table, "verdict");

describe("scanBatch", () => {
  it.each<[string, Vector]>([
    ["strings", vectorFromArray(texts, new Utf8())],
    ["large strings", vectorFromArray(texts, new LargeUtf8())],
    ["views", vectorFromArray(texts, new Utf8View())],
    [
      "bytes",
      vectorFromArray(
        texts.map((text) => (text === null ? null : Buffer.from(text))),
        new Binary(),
      ),
    ],
    ["a dictionary", vectorFromArray(texts, new Dictionary(new Utf8(), new Int8()))],
    ["a dictionary of large strings", vectorFromArray(texts, new Dictionary(new LargeUtf8() as never, new Uint32()))],
  ])("judges %s, whole, sliced and in pieces", async (_, column) => {
    expect(verdictOf(await scanner.scanBatch(column))).toEqual(verdicts);
    for (const [start, end] of [
      [1, 8],
      [2, 3],
      [5, 9],
      [4, 4],
    ] as const) {
      expect(verdictOf(await scanner.scanBatch(column.slice(start, end)))).toEqual(verdicts.slice(start, end));
    }
    const pieces = new Vector([...column.slice(3, 6).data, ...column.slice(0, 3).data, ...column.slice(8).data]);
    const expected = [...verdicts.slice(3, 6), ...verdicts.slice(0, 3), ...verdicts.slice(8)];
    expect(verdictOf(await scanner.scanBatch(pieces))).toEqual(expected);
    const table = new Table({ other: vectorFromArray(texts.map(() => 1)), body: column });
    expect(verdictOf(await scanner.scanBatch(table, { text: "body" }))).toEqual(verdicts);
    const batch = table.batches[0] as RecordBatch;
    expect(verdictOf(await scanner.scanBatch(batch.slice(1, 7), { text: "body" }))).toEqual(verdicts.slice(1, 7));
  });

  it("takes each batch's own dictionary, though it begins as the one before", async () => {
    const type = new Dictionary(new Utf8(), new Int8());
    const words = (word: string) => vectorFromArray([word], new Utf8()).data[0] as never;
    const first = words("fine");
    const pieces = ["also fine", "走私"].map((word) =>
      makeData({ type, data: Int8Array.of(0, 1), dictionary: new Vector([first, words(word)]) }),
    );
    const found = await scanner.scanBatch(new Vector(pieces));
    expect(verdictOf(found)).toEqual(["clean", "clean", "clean", "flagged"]);
  });

  it("says what was found, and repeats the id that it is asked for", async () => {
    const table = tableFromArrays({ id: Int32Array.from(texts, (_, at) => at * 10), text: texts });
    const found = await scanner.scanBatch(table, { id: "id" });
    expect(found.schema.names).toEqual([
      "id",
      "verdict",
      "reason",
      "risks",
      "entries",
      "spans",
      "hits",
      "score",
      "output",
    ]);
    expect(valuesOf(found, "id")).toEqual(texts.map((_, at) => String(at * 10)));
    expect(valuesOf(found.slice(0, 2), "spans")).toEqual([
      [{ entry: "smuggle", start: 6, end: 13 }],
      [{ entry: "rude", start: 2, end: 8 }],
    ]);
    expect(valuesOf(found.slice(0, 3), "risks")).toEqual([["A1h"], ["A5a"], []]);
  });

  it("keeps the first 64 hits of a text, and the number of all", async () => {
    const found = await scanner.scanBatch(vectorFromArray(["走私 ".repeat(100)], new Utf8()));
    expect(valuesOf(found, "hits")).toEqual([100]);
    expect((valuesOf(found, "spans")[0] as unknown[]).length).toBe(64);
    expect(valuesOf(found, "entries")).toEqual([["smuggle"]]);
  });

  it("does not assess bytes that are no text", async () => {
    const bytes = vectorFromArray([Buffer.from("走私"), Buffer.from([0xff])], new Binary());
    const found = await scanner.scanBatch(bytes);
    expect(verdictOf(found)).toEqual(["flagged", "not-assessed"]);
    expect(valuesOf(found, "reason")).toEqual([null, "invalid-utf8"]);
  });

  it("gives what the command gives, of the same batches", async () => {
    const table = tableFromArrays({ text: Array.from({ length: 3000 }, (_, at) => texts[at % texts.length] ?? null) });
    const { code, stdout } = await pipe(
      ["--library", options.library, "--policy", options.policy, "--only-verdicts"],
      streamOf(table),
    );
    expect(code).toBe(0);
    const [ours, theirs] = [await scanner.scanBatch(table), answerOf(stdout)];
    for (const name of ours.schema.names) expect(valuesOf(theirs, `cg_${name}`)).toEqual(valuesOf(ours, name));
  });

  it("judges with the classifier as the command does", async () => {
    const library = await Library.load(fromRoot("examples/library/library.yaml"));
    const whole = await Scanner.open({ library, device: "cpu" });
    try {
      expect(whole.provider).toBe("cpu");
      const lines = readFileSync(fromRoot("examples/corpus/sms-en.jsonl"), "utf8").trim().split("\n");
      const table = tableFromArrays({ text: lines.map((line) => JSON.parse(line).text as string) });
      const args = ["--library", fromRoot("examples/library/library.yaml"), "--device", "cpu", "--only-verdicts"];
      // Several at a time, each with its own answer.
      const [found, half, { stdout }] = await Promise.all([
        whole.scanBatch(table),
        whole.scanBatch(table.slice(100, 200)),
        pipe(args, streamOf(table)),
      ]);
      for (const name of found.schema.names) {
        expect(valuesOf(answerOf(stdout), `cg_${name}`)).toEqual(valuesOf(found, name));
        expect(valuesOf(half, name)).toEqual(valuesOf(found, name).slice(100, 200));
      }
      expect(verdictOf(found).filter((one) => one === "flagged").length).toBe(8);
      expect(valuesOf(found, "score").every((score) => (score as number) > 0 && (score as number) < 1)).toBe(true);
    } finally {
      await whole.close();
    }
  });

  it.each<[string, () => unknown, { text?: string; id?: string }, string, string]>([
    [
      "no such text",
      () => tableFromArrays({ a: ["x"] }),
      {},
      "usage",
      'text column "text" does not exist; the columns are "a"',
    ],
    [
      "no such id",
      () => tableFromArrays({ text: ["x"] }),
      { id: "k" },
      "usage",
      'id column "k" does not exist; the columns are "text"',
    ],
    ["numbers", () => vectorFromArray([1], new Int32()), {}, "usage", 'text column "text" holds Int'],
    [
      "an id beside a column",
      () => vectorFromArray(["x"], new Utf8()),
      { id: "k" },
      "usage",
      'a column alone has no column "k"',
    ],
    ["a list", () => ["x"], {}, "usage", "a RecordBatch, a Table or a Vector of apache-arrow was expected"],
    [
      "bytes that are no UTF-8",
      () => broken((data) => data.values.fill(0xff)),
      {},
      "data",
      "a string is not valid UTF-8",
    ],
  ])("refuses %s", async (_, batch, given, code, message) => {
    const refused = scanner.scanBatch(batch() as RecordBatch, given);
    await expect(refused).rejects.toBeInstanceOf(ScanError);
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(message);
  });
});

describe("scanStream", () => {
  const tables = [["走私", "fine"], ["fine"]].map((text) => new Table({ text: vectorFromArray(text, new Utf8()) }));
  const whole = streamOf(...tables);
  const ends = tables.map((_, at) => streamOf(...tables.slice(0, at + 1)).length - endMarker);

  const answer = async (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
    const parts: Uint8Array[] = [];
    const stream = scanner.scanStream(chunks);
    let error: unknown = null;
    try {
      for await (const bytes of stream) parts.push(bytes);
    } catch (failed) {
      error = failed;
    }
    return { bytes: Buffer.concat(parts), error, summary: stream.summary };
  };

  it.each([1, 10, 1000])("takes pieces of %d bytes", async (size) => {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
      whole.subarray(at * size, (at + 1) * size),
    );
    const { bytes, error, summary } = await answer(pieces);
    expect(error).toBeNull();
    expect(valuesOf(answerOf(bytes), "cg_verdict")).toEqual(["flagged", "clean", "clean"]);
    expect(summary).toMatchObject({ batches: 2, rows: 3, flagged: 1, endMarker: true });
  });

  it("of any length has an end, and no more rows than came whole", async () => {
    for (let length = 1; length < whole.length; length++) {
      const { bytes, error } = await answer([whole.subarray(0, length)]);
      const before = ends.filter((end) => end <= length).length;
      expect(answerOf(bytes).numRows, `cut at ${length}`).toBe([0, 2, 3][before]);
      if (ends.includes(length) || length === schemaLength) expect(error, `cut at ${length}`).toBeNull();
      else expect(error, `cut at ${length}`).toMatchObject({ code: "data" });
    }
  });

  const schemaLength = streamOf(new Table(tables[0]?.schema as never)).length - endMarker;

  it("ends with rows or an error, whichever byte is wrong", async () => {
    let ended = 0;
    for (let at = 0; at < whole.length; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = ~(bytes[at] as number);
      const { error, summary } = await answer([bytes]);
      if (error === null) ended += 1;
      else expect(error, `byte ${at}`).toBeInstanceOf(ScanError);
      // A number of rows that is wrong is not that of the columns, so no row is made up.
      expect(summary.rows, `byte ${at}`).toBeLessThanOrEqual(3);
    }
    // Padding and the bytes of text may be others.
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(whole.length);
  });

  it("that broke other readers ends with rows or an error", async () => {
    const hostile = fromRoot("test/data/hostile/arrow-ipc-stream");
    const outcomes: unknown[] = [];
    for (const name of readdirSync(hostile)) {
      const { error } = await answer([readFileSync(join(hostile, name))]);
      if (error !== null) expect(error, name).toBeInstanceOf(ScanError);
      outcomes.push((error as ScanError | null)?.code ?? null);
    }
    expect(outcomes.length).toBe(40);
    expect(new Set(outcomes)).toEqual(new Set(["data", "usage"]));
  });

  it("passes on what its source throws, after what came before", async () => {
    const { bytes, error } = await answer(
      (async function* () {
        yield whole.subarray(0, ends[0]);
        throw new RangeError("of the source");
      })(),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(answerOf(bytes).numRows).toBe(2);
  });

  it("refuses pieces that are no bytes, and a scanner that is closed", async () => {
    expect((await answer(["text"] as never)).error).toMatchObject({ code: "usage" });
    const closed = await Scanner.open(options);
    await closed.close();
    await closed.close();
    expect(() => closed.scanStream([])).toThrow("the scanner is closed");
  });
});

describe("open", () => {
  it.each<[string, Parameters<typeof Scanner.open>[0], string]>([
    ["a library that is not there", { library: "none.yaml" }, "config"],
    ["a policy that is not there", { policy: "none.yaml" }, "config"],
    ["a model that is not there", { model: "none" }, "config"],
    ["a stage that there is not", { stages: ["model"] }, "usage"],
    ["no memory", { memoryBytes: 0 }, "usage"],
  ])("refuses %s", async (_, given, code) => {
    await expect(
      Scanner.open({ ...options, ...given, ...(given?.model === undefined ? {} : { policy: undefined }) }),
    ).rejects.toMatchObject({ code });
  });
});

/** A column of one string, tampered with. */
function broken(tamper: (data: { values: Uint8Array }) => void): Vector {
  const column = vectorFromArray(["text"], new Utf8());
  tamper(column.data[0] as unknown as { values: Uint8Array });
  return column;
}
