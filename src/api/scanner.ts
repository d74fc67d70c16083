/** Verdicts on records that a program has in its hands: Arrow columns, and Arrow IPC streams that go on as they came. */
import {
  type Data,
  DataType,
  Field,
  type Float64,
  type List,
  makeData,
  RecordBatch,
  Schema,
  type Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  type Uint32,
  type Utf8,
  Vector,
} from "apache-arrow";
import { type CompiledLibrary, loadAddon, type NativeStreamScan } from "../addon/addon.ts";
import { DeviceThread } from "../classify/device.ts";
import type { Device } from "../classify/messages.ts";
import { IdBuffers, Scores } from "../classify/scores.ts";
import { compileJudgement, type Judgement, loadJudgement, nativeJudgement } from "../config/inputs.ts";
import { messageOf, ScanError } from "../errors.ts";
import type { Stage } from "../policy/policy.ts";
import { batchesWithin, usableMemory } from "../pool/memory.ts";
import { Library } from "./library.ts";

/** What a scanner judges by. */
export interface ScannerOptions {
  /** A library, or the path of its file; default the starter library. */
  readonly library?: string | Library | undefined;
  /** Path of a policy; default the built-in one. */
  readonly policy?: string | undefined;
  /** Folder of the fast classifier; default the one that the policy names. */
  readonly model?: string | undefined;
  /** Stages to run; default those that the policy needs. Without one of those no record is assessed. */
  readonly stages?: readonly Stage[] | undefined;
  /** What runs the classifier; `cuda` means CUDA or an error. Default `auto`. */
  readonly device?: Device | undefined;
  /** Memory to stay within, in bytes; default a quarter of the machine's. A message of a stream may have an eighth of it. */
  readonly memoryBytes?: number | undefined;
}

/** How a stream is scanned. */
export interface StreamOptions {
  /** Column of the text; default `text`, else `content`, else the only column of strings. */
  readonly textColumn?: string | undefined;
  /** Column of the record's id, strings or integers, that is repeated beside the verdicts as text. Default none. */
  readonly idColumn?: string | undefined;
  /** What the names of the verdict columns begin with. Default `cg_`. */
  readonly prefix?: string | undefined;
  /** Leaves the columns that came out of the answer. */
  readonly onlyVerdicts?: boolean | undefined;
}

/** Counts of what was answered, as those of a report. */
export interface StreamSummary {
  readonly batches: number;
  readonly rows: number;
  readonly empty: number;
  readonly records: number;
  readonly assessed: number;
  /** Records without a verdict, by reason. */
  readonly notAssessed: Readonly<Record<string, number>>;
  readonly flagged: number;
  readonly unqualified: number;
  /** Assessed records per risk. */
  readonly risks: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<"keywordOnly" | "classifierOnly" | "both" | "neither", number>>;
  readonly textBytes: number;
  /** Whether the stream said that it ends, and was not only closed. */
  readonly endMarker: boolean;
}

/** Columns of `scanBatch`. */
export type VerdictTable = Table<{
  /** `clean`, `flagged`, `unqualified`, `empty` or `not-assessed`. */
  verdict: Utf8;
  /** Why a record is not assessed, else null. */
  reason: Utf8;
  /** Ids of the risks. */
  risks: List<Utf8>;
  /** Ids of the entries that hit, each once, of the first 64 hits. */
  entries: List<Utf8>;
  /** The first 64 hits, in bytes of the row. */
  spans: List<Struct<{ entry: Utf8; start: Uint32; end: Uint32 }>>;
  /** Number of all hits. */
  hits: Uint32;
  /** The highest score of the classifier, and the output that gave it; null where it did not run. */
  score: Float64;
  output: Utf8;
}>;

/** Record batches that may wait for their scores while the next is read. */
const batchesWaiting = 2;
/** Slices whose scores may be waited for: the device works on one while the next is matched. */
const slicesWaiting = 2;
/** Share of the memory that one message may have: one is read, some wait, one goes out. */
const messageShare = 8;
/** Longest message whatever the memory: with its verdicts it must fit a buffer. */
const longestMessage = 2 ** 30;

/** Judges records as `scan` does, in this process: library, policy and classifier are read once. Close it after use. */
export class Scanner {
  readonly #judgement: Judgement;
  readonly #library: CompiledLibrary;
  readonly #device: DeviceThread | null;
  readonly #scores: Scores | null;
  readonly #memoryBytes: number;
  #closed = false;

  private constructor(judgement: Judgement, device: DeviceThread | null, memoryBytes: number) {
    this.#judgement = judgement;
    this.#library = compileJudgement(judgement);
    this.#device = device;
    this.#scores = device === null ? null : new Scores(device.connect(), new IdBuffers());
    this.#memoryBytes = memoryBytes;
  }

  /**
   * Reads library, policy and classifier, and starts the classifier's thread.
   *
   * @throws ScanError `usage` or `config` naming the file, the place and the value; `environment` when the classifier
   *   cannot run
   *
   * @example
   * const scanner = await Scanner.open({ library: "library.yaml" });
   * const verdicts = await scanner.scanBatch(table, { text: "body" });
   * verdicts.getChild("verdict").toArray();
   * await scanner.close();
   */
  static async open(options: ScannerOptions = {}): Promise<Scanner> {
    const { library, memoryBytes = usableMemory() / 4 } = options;
    if (!(memoryBytes >= 1)) throw new ScanError("usage", `memoryBytes ${memoryBytes} is not a number of bytes`);
    const judgement = loadJudgement({
      library: library instanceof Library ? library.loaded : (library ?? null),
      policy: options.policy ?? null,
      model: options.model,
      stages: options.stages,
    });
    const { model } = judgement;
    let device: DeviceThread | null = null;
    if (model !== null) {
      const { onnxPath, input, output, outputs } = model;
      const settings = { onnxPath, input, output, outputs: outputs.length, device: options.device ?? "auto" };
      device = await DeviceThread.start({ ...settings, threads: 1 });
    }
    try {
      return new Scanner(judgement, device, memoryBytes);
    } catch (error) {
      await device?.release();
      throw error;
    }
  }

  /** What runs the classifier, `cpu` or `cuda`; null where the stage does not run. */
  get provider(): string | null {
    return this.#device?.provider ?? null;
  }

  /** What deserves to be said aloud, such as that CUDA could not be used. */
  get notes(): readonly string[] {
    return this.#device?.notes ?? [];
  }

  /**
   * Judges the rows of an Arrow column. No string of JavaScript is made of them; the column is copied, other columns are not
   * touched.
   *
   * @param batch - a record batch or a table, or the column itself: Utf8, LargeUtf8, Utf8View, Binary, or a dictionary of
   *   one; sliced, with nulls, in any number of chunks
   * @param options.text - name of the column of the text, default `text`; a column needs none
   * @param options.id - name of a column of strings or integers that is repeated as the first column, `id`, of strings
   * @returns one row per row, in order: `verdict`, `reason`, `risks`, `entries`, `spans`, `hits`, `score`, `output`
   * @throws ScanError `usage` for a column that is not there or holds no text; `data` for one whose offsets leave it,
   *   whose strings are not UTF-8, or that is larger than an eighth of the memory; `environment` when the classifier fails
   *
   * @example
   * const verdicts = await scanner.scanBatch(recordBatch, { text: "text", id: "url" });
   * for (const { id, verdict, risks } of verdicts) console.log(id, verdict, [...risks]);
   */
  async scanBatch(
    batch: RecordBatch | Table | Vector,
    options: { readonly text?: string; readonly id?: string } = {},
  ): Promise<VerdictTable> {
    const { text = "text", id } = options;
    const { schema, batches } = columnsOf(batch, text, id);
    const answers: RecordBatch[] = [];
    let answer = new Table();
    // Each batch by itself: what the writer of streams takes for the dictionary of the batch before may be another one.
    for (const table of batches.length === 0 ? [new Table(schema)] : batches.map((one) => new Table([one]))) {
      const given = { textColumn: text, idColumn: id, prefix: "", onlyVerdicts: true };
      const bytes: Uint8Array[] = [];
      for await (const part of this.scanStream([tableToIPC(table, "stream")], given)) bytes.push(part);
      answer = tableFromIPC(bytes);
      answers.push(...answer.batches);
    }
    return new Table(answer.schema, answers) as VerdictTable;
  }

  /**
   * Judges an Arrow IPC stream as it arrives. The answer is the stream that came, its columns byte for byte, with columns of
   * verdicts behind them; each record batch is answered before more than two further ones are read, and as soon as it is
   * judged. Nothing is read while the answer is not taken.
   *
   * @param chunks - the bytes of the stream, in pieces of any size
   * @throws ScanError when it is iterated: `data` for a stream that is malformed, cut off or over a limit, after the record
   *   batches before that place were answered; `usage` when no byte comes, or the columns do not fit the options
   *
   * @example
   * const answer = scanner.scanStream(process.stdin, { textColumn: "body" });
   * for await (const bytes of answer) process.stdout.write(bytes);
   * answer.summary.flagged;
   */
  scanStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: StreamOptions = {}): VerdictStream {
    if (this.#closed) throw new ScanError("usage", "the scanner is closed");
    const { textColumn = null, idColumn = null, prefix = "cg_", onlyVerdicts = false } = options;
    const task = {
      ...{ textColumn, idColumn, prefix, onlyVerdicts },
      ...nativeJudgement(this.#judgement),
      ...batchesWithin(this.#memoryBytes),
      messageBytes: Math.max(1, Math.floor(Math.min(this.#memoryBytes / messageShare, longestMessage))),
    };
    return new VerdictStream(loadAddon().openStreamScan(this.#library.key, task), this.#scores, chunks);
  }

  /** Ends the classifier's thread, once it has done what it was asked for. The compiled library stays for others. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#scores?.close();
    await this.#device?.release();
  }
}

/** The answer to a stream: bytes of an Arrow IPC stream, to be iterated once. */
export class VerdictStream implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #scan: NativeStreamScan;
  readonly #answers: AsyncGenerator<Uint8Array<ArrayBuffer>, void>;

  /** @internal Use `scanner.scanStream`. */
  constructor(scan: NativeStreamScan, scores: Scores | null, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#scan = scan;
    this.#answers = answers(scan, scores, chunks);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    return this.#answers;
  }

  /** Counts of what was answered so far. */
  get summary(): StreamSummary {
    return JSON.parse(this.#scan.summary()) as StreamSummary;
  }
}

async function* answers(
  scan: NativeStreamScan,
  scores: Scores | null,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const source: AsyncIterator<Uint8Array> | Iterator<Uint8Array> =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  /** Bytes of the answer, in order, some of which are waited for. */
  const queue: Promise<Uint8Array<ArrayBuffer>>[] = [];
  /** Slices that wait for their scores: of all record batches, and of the one that is being read. */
  const scoring: Promise<void>[] = [];
  let slices: Promise<void>[] = [];
  let answered: Promise<unknown> = Promise.resolve();
  let rest: Uint8Array = new Uint8Array(0);
  let reading: Promise<IteratorResult<Uint8Array>> | undefined;
  let failure: { readonly error: unknown } | undefined;
  // A failure is seen where the promise is awaited; it must not be an unhandled one until then.
  const quiet = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    return promise;
  };
  try {
    try {
      for (;;) {
        const event = scan.advance();
        if (event.kind === "slice") {
          const { batch, packs } = event.slice;
          if (packs.length === 0 || scores === null) continue;
          const scored = quiet(
            scores.request(packs, (ids) => scan.fillIds(ids)).then((sums) => scan.score(batch, sums)),
          );
          slices.push(scored);
          scoring.push(scored);
          if (scoring.length >= slicesWaiting) await scoring.shift();
        } else if (event.kind === "answer") {
          const answer = quiet(Promise.all([answered, ...slices]).then(() => scan.answer()));
          slices = [];
          answered = answer;
          queue.push(answer);
        } else if (event.kind === "output") {
          queue.push(Promise.resolve(event.bytes));
        } else if (rest.length > 0) {
          rest = rest.subarray(scan.push(rest));
        } else {
          reading ??= quiet(Promise.resolve(source.next()));
          // Who waits for an answer before sending more gets it now.
          const more = quiet(reading.then(() => true));
          while (queue.length > 0 && !(await Promise.race([queue[0]?.then(() => false), more]))) {
            yield (await queue.shift()) as Uint8Array<ArrayBuffer>;
          }
          const { done, value } = await reading;
          reading = undefined;
          if (done === true) break;
          if (!(value instanceof Uint8Array)) throw new ScanError("usage", "a piece of the stream is not a Uint8Array");
          rest = value;
        }
        while (queue.length > batchesWaiting) yield (await queue.shift()) as Uint8Array<ArrayBuffer>;
      }
    } catch (error) {
      failure = { error };
    }
    // What came before the place that is wrong is answered.
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield await next;
    if (failure !== undefined) throw failure.error;
    yield scan.finish();
  } catch (error) {
    throw streamError(error);
  } finally {
    // Not waited for: a source that has nothing to say might keep the answer's reader.
    void (async () => source.return?.())().catch(() => {});
  }
}

/** The columns that are judged, and nothing else. */
function columnsOf(batch: RecordBatch | Table | Vector, text: string, id: string | undefined): Columns {
  if (batch instanceof Vector) {
    if (id !== undefined) throw new ScanError("usage", `id: a column alone has no column "${id}" beside it`);
    return {
      schema: new Schema([new Field(text, batch.type, true)]),
      batches: batch.data.map((data) => batchOf({ [text]: data })),
    };
  }
  if (!(batch instanceof RecordBatch || batch instanceof Table)) {
    throw new ScanError("usage", "a RecordBatch, a Table or a Vector of apache-arrow was expected");
  }
  const names = batch.schema.names.map(String);
  for (const [role, name] of [["text", text] as const, ["id", id] as const]) {
    if (name !== undefined && !names.includes(name)) {
      const found = names.length === 0 ? "none" : names.map((one) => `"${one}"`).join(", ");
      throw new ScanError("usage", `${role} column "${name}" does not exist; the columns are ${found}`);
    }
  }
  const wanted = [...new Set(id === undefined ? [text] : [text, id])];
  const columnsIn = (one: RecordBatch) =>
    batchOf(Object.fromEntries(wanted.map((name) => [name, one.data.children[names.indexOf(name)] as Data])));
  const schema = new Schema(wanted.map((name) => batch.schema.fields[names.indexOf(name)] as Field));
  return { schema, batches: (batch instanceof Table ? batch.batches : [batch]).map(columnsIn) };
}

interface Columns {
  readonly schema: Schema;
  readonly batches: readonly RecordBatch[];
}

function batchOf(columns: Readonly<Record<string, Data>>): RecordBatch {
  return new RecordBatch(Object.fromEntries(Object.entries(columns).map(([name, data]) => [name, unsliced(data)])));
}

/** The same values from place 0 on: the writer of streams would slice views that are sliced already. */
function unsliced(data: Data): Data {
  const { type, length, offset, nullCount, nullBitmap, values, variadicBuffers } = data;
  if (DataType.isDictionary(type) && data.dictionary?.data.some((chunk) => unsliced(chunk) !== chunk)) {
    const dictionary = new Vector(data.dictionary.data.map(unsliced));
    return makeData({ type, offset, length, nullCount, nullBitmap, data: values, dictionary });
  }
  if (offset === 0 || !(DataType.isUtf8View(type) || DataType.isBinaryView(type))) return data;
  const bits = new Uint8Array((length + 7) >> 3);
  for (let row = 0; row < length && nullCount > 0; row++) {
    const bit = offset + row;
    if (((nullBitmap?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return makeData({
    type,
    length,
    views: values,
    variadicBuffers,
    nullBitmap: nullCount > 0 ? bits : undefined,
  } as never);
}

/** Native errors come as `code: message`; the code is one of ours. */
function streamError(error: unknown): unknown {
  const [, code, message] = /^(data|usage|environment|internal): ([\s\S]*)$/.exec(messageOf(error)) ?? [];
  if (error instanceof ScanError || code === undefined) return error;
  return new ScanError(code as ScanError["code"], message ?? "", { cause: error });
}
