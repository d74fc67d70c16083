/** A compiled library that finds entries in texts, in Arrow columns and in streams of text. */
import { type Data, DataType, Dictionary, makeData, Table, Uint32, Utf8, Vector, vectorFromArray } from "apache-arrow";
import {
  type HitColumns,
  type LibraryRoute,
  loadAddon,
  numbersPerHit,
  type OffsetUnit,
  offsetUnits,
} from "../addon/addon.ts";
import { compileLibrary, type LibraryFile } from "../addon/library.ts";
import { messageOf, ScanError } from "../errors.ts";
import type { Explanation, Miss, NativeExplanation } from "../library/explanation.ts";
import { type Level, levels } from "../library/level.ts";
import type { Entry, MatchOptions } from "../library/library.ts";
import { MatchStream } from "./stream.ts";

/** Entries of a library that is explained whole. */
const explainedWhole = 20;

/** One hit. `start` and `end` count in the unit that was asked for, `end` exclusive. */
export interface Hit {
  /** Id of the entry. */
  readonly entry: string;
  /** The entry's text. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
  /** The hit as it stands in the text. */
  readonly matched: string;
  /** What was needed to see it. */
  readonly level: Level;
}

/** Columns of `matchBatch`: `start` and `end` are bytes of the row. */
export type HitTable = Table<{
  row: Uint32;
  entry: Dictionary<Utf8, Uint32>;
  start: Uint32;
  end: Uint32;
  level: Dictionary<Utf8, Uint32>;
}>;

/** See `numbersPerHit`. */
type HitNumbers = [entry: number, level: number, start: number, end: number, from: number, to: number];

/** A compiled library. The compiled form lives once per process; this object may be made in any thread. */
export class Matcher {
  readonly #entries: readonly Entry[];
  readonly #key: string;
  #ids: Vector<Utf8> | undefined;
  /** Routes, sizes and memory of the compiled library. */
  readonly stats: {
    readonly routes: readonly LibraryRoute[];
    readonly entries: number;
    readonly patterns: number;
    readonly heapBytes: number;
  };

  /** Use `Library.compile` or `library.compile()`. */
  constructor(entries: readonly Entry[], options: MatchOptions, file: LibraryFile | null = null) {
    const { key, ...stats } = compileLibrary(entries, options, file);
    this.#entries = entries;
    this.#key = key;
    this.stats = stats;
  }

  /**
   * Finds the entries in a text, in text order.
   *
   * @param options.offsets - in what positions count: Unicode code points (default), UTF-16 units or UTF-8 bytes
   */
  match(text: string, options: { readonly offsets?: OffsetUnit } = {}): Hit[] {
    const hits = loadAddon().matchText(this.#key, text, unitOf(options));
    if (hits === null) return [];
    return Array.from({ length: hits.length / numbersPerHit }, (_, hit) => {
      const [entry, level, start, end, from, to] = hits.subarray(hit * numbersPerHit) as unknown as HitNumbers;
      const { id, text: keyword } = this.#entries[entry] as Entry;
      return { entry: id, keyword, start, end, matched: text.slice(from, to), level: levels[level] as Level };
    });
  }

  /**
   * Finds the entries in an Arrow column of strings; nothing is copied for `Utf8`, and no string is made.
   *
   * @param column - Utf8, LargeUtf8 or a dictionary of Utf8, with or without nulls, in any number of chunks
   * @returns a table of hits: `row` (of the column), `entry` (id), `start`, `end` (bytes of the row), `level`
   * @throws ScanError `usage` for a column of another type, offsets that leave the column, a row that is not UTF-8
   */
  matchBatch(column: Vector): HitTable {
    const chunks: HitColumns[] = [];
    let base = 0;
    for (const data of column.data) {
      chunks.push(shifted(this.#matchData(data), base));
      base += data.length;
    }
    const join = (of: (hits: HitColumns) => Uint32Array | Uint8Array): Uint32Array => {
      const joined = new Uint32Array(chunks.reduce((sum, hits) => sum + of(hits).length, 0));
      let at = 0;
      for (const hits of chunks) {
        joined.set(of(hits), at);
        at += of(hits).length;
      }
      return joined;
    };
    this.#ids ??= vectorFromArray(
      this.#entries.map((entry) => entry.id),
      new Utf8(),
    );
    const numbers = (values: Uint32Array) => new Vector([makeData({ type: new Uint32(), data: values })]);
    const named = (values: Uint32Array, dictionary: Vector<Utf8>) =>
      new Vector([makeData({ type: new Dictionary(new Utf8(), new Uint32()), data: values, dictionary })]);
    return new Table({
      row: numbers(join((hits) => hits.rows)),
      entry: named(
        join((hits) => hits.entries),
        this.#ids,
      ),
      start: numbers(join((hits) => hits.starts)),
      end: numbers(join((hits) => hits.ends)),
      level: named(
        join((hits) => hits.levels),
        levelNames,
      ),
    }) as HitTable;
  }

  /**
   * Matches a text that arrives in pieces: the hits are those of the whole text. Memory does not grow with the text.
   *
   * @param options.offsets - as in `match`; positions count from the start of the whole text
   */
  stream(options: { readonly offsets?: OffsetUnit } = {}): MatchStream {
    return new MatchStream(loadAddon().openStream(this.#key, unitOf(options)), this.#entries);
  }

  /**
   * Explains how a text is matched: the steps to its normal form, each hit character by character, and for each entry
   * without a hit where it came nearest, what stood in the way and which option would help.
   *
   * @param text - at most 1 MiB of UTF-8
   * @param options.entries - ids of entries to explain beside those that are found; all of a library of at most 20
   * @returns positions in code points
   * @throws ScanError `usage` for a longer text and for an id that no entry has
   */
  explain(text: string, options: { readonly entries?: readonly string[] } = {}): Explanation {
    const all = this.#entries.length <= explainedWhole ? this.#entries.map((_, at) => at) : [];
    const asked = options.entries?.flatMap((id) => this.#indicesOf(id)) ?? all;
    return this.#named(loadAddon().explainText(this.#key, text, asked));
  }

  /** The entries with an id, in their order. */
  #indicesOf(id: string): number[] {
    const found = this.#entries.flatMap((entry, at) => (entry.id === id ? [at] : []));
    if (found.length === 0) throw new ScanError("usage", `no entry has the id "${id}"`);
    return found;
  }

  #named(explanation: NativeExplanation): Explanation {
    const idOf = (entry: number) => (this.#entries[entry] as Entry).id;
    const miss = ({ why, ...rest }: Miss<number>): Miss => ({
      ...rest,
      why: why.code === "overlapped" ? { ...why, entry: idOf(why.entry) } : why,
    });
    return {
      ...explanation,
      entries: explanation.entries.map(({ entry, hits, misses, would }) => ({
        entry: idOf(entry),
        hits: hits.map((hit) => ({ ...hit, level: levels[hit.level] as Level })),
        misses: misses.map(miss),
        would,
      })),
    };
  }

  /** @internal Use `buildLibrary`. */
  save(path: string, source: string): number {
    return loadAddon().saveLibrary(this.#key, path, source);
  }

  /**
   * Gives the compiled form back to the process before its end. Matchers of an equal library lose it with this one,
   * so it is for programs that compile many libraries and use each once.
   */
  release(): void {
    loadAddon().releaseLibrary(this.#key);
  }

  #matchData(data: Data): HitColumns {
    const { type } = data;
    if (DataType.isDictionary(type) && data.dictionary !== undefined) return this.#matchDictionary(data);
    if (!DataType.isUtf8(type) && !DataType.isLargeUtf8(type)) {
      throw new ScanError(
        "usage",
        `a column of ${String(type)} cannot be matched; Utf8, LargeUtf8 and dictionaries of Utf8 can`,
      );
    }
    const offsets = data.valueOffsets.subarray(0, data.length + 1) as Int32Array | BigInt64Array;
    const validity = data.nullCount > 0 ? data.nullBitmap : null;
    try {
      return loadAddon().matchColumn(this.#key, data.values as Uint8Array, offsets, validity ?? null, data.offset);
    } catch (error) {
      throw new ScanError("usage", messageOf(error).replace(/^argument: /, ""), { cause: error });
    }
  }

  /** Matches each value of the dictionary once, then repeats its hits for the rows that name it. */
  #matchDictionary(data: Data): HitColumns {
    const values = data.dictionary as Vector;
    const chunks = values.data.map((chunk, at) => {
      const before = values.data.slice(0, at).reduce((sum, earlier) => sum + earlier.length, 0);
      return shifted(this.#matchData(chunk), before);
    });
    const hitsOf = new Map<number, [HitColumns, number][]>();
    for (const hits of chunks) {
      hits.rows.forEach((value, at) => {
        hitsOf.set(value, [...(hitsOf.get(value) ?? []), [hits, at]]);
      });
    }
    const found: [number, HitColumns, number][] = [];
    const indices = new Vector([data]);
    for (let row = 0; row < data.length; row++) {
      if (!indices.isValid(row)) continue;
      for (const [hits, at] of hitsOf.get(Number((data.values as ArrayLike<number | bigint>)[row])) ?? []) {
        found.push([row, hits, at]);
      }
    }
    return {
      rows: Uint32Array.from(found, ([row]) => row),
      entries: Uint32Array.from(found, ([, hits, at]) => hits.entries[at] as number),
      starts: Uint32Array.from(found, ([, hits, at]) => hits.starts[at] as number),
      ends: Uint32Array.from(found, ([, hits, at]) => hits.ends[at] as number),
      levels: Uint8Array.from(found, ([, hits, at]) => hits.levels[at] as number),
    };
  }
}

const levelNames = vectorFromArray([...levels], new Utf8());

function shifted(hits: HitColumns, base: number): HitColumns {
  return base === 0 ? hits : { ...hits, rows: hits.rows.map((row) => row + base) };
}

function unitOf(options: { readonly offsets?: OffsetUnit }): OffsetUnit {
  const unit = options.offsets ?? "codepoint";
  if (!offsetUnits.includes(unit)) {
    throw new ScanError("usage", `offsets "${String(unit)}" is not one of ${offsetUnits.join(", ")}`);
  }
  return unit;
}
