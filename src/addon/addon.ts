/** The typed face of the native addon, and its only importer. Values are converted here; no logic. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { messageOf, ScanError } from "../errors.ts";
import type { NativeExplanation } from "../library/explanation.ts";
import type { MatchOptions } from "../library/library.ts";

type Native = typeof import("../../native/index.cjs");

/** How a file is read. */
export interface ReadOptions {
  readonly format: string | null;
  readonly encoding: string;
  readonly validate: string;
  readonly textColumn: string | null;
  readonly idColumn: string | null;
  readonly sourceColumn: string | null;
  /** Decompresses a compressed file on a thread of its own; what is read is the same. */
  readonly inflateAhead?: boolean;
  /** How objects are reached. */
  readonly storage?: ObjectStorage | undefined;
}

/** How object stores are reached. What is secret comes from the environment alone (`AWS_ACCESS_KEY_ID` and so on). */
export interface ObjectStorage {
  /** Address of the store, such as `https://minio.example:9000`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** A connection that is silent for this long is broken off. */
  readonly timeoutSeconds?: number | undefined;
  /** How often a request is tried again. */
  readonly retries?: number | undefined;
  /** See `stopReads`. */
  readonly stop?: number | undefined;
}

/** What a prefix holds. */
export interface Listing {
  /** Set when it cannot be listed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** By key. */
  readonly objects: readonly {
    readonly key: string;
    readonly size: number;
    readonly etag: string | null;
    readonly modifiedNs: string;
  }[];
}

/** A block of a file: a record batch, a row group, a compressed stream. */
export interface BlockInfo {
  /** Stored bytes. */
  readonly length: number;
  readonly rows: number | null;
}

/** What a look at a file's head, foot and index tells. */
export interface Inspection {
  /** Set when the file cannot be read; everything below is then empty. `usage` is a fault of the register. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly format: string | null;
  readonly size: number;
  readonly modifiedNs: string;
  readonly head: string;
  readonly foot: string;
  /** What an object store calls the content, and its version; null for a file. */
  readonly etag?: string | null;
  readonly version?: string | null;
  readonly rows: number | null;
  /** Whether the file may be cut at any byte: plain lines. */
  readonly splittable: boolean;
  readonly blocks: readonly BlockInfo[];
  readonly columns: { readonly text: string | null; readonly id: string | null; readonly source: string | null };
  /** What makes the file's rows unreadable, as far as it shows without reading them. */
  readonly damage: { readonly code: string; readonly message: string } | null;
}

/** What a look at a file's first records tells beside its inspection. */
export interface FileSurvey extends Inspection {
  /** All columns, as far as they show. */
  readonly allColumns: readonly string[];
  /** Counts over the first records; null where none can be read. */
  readonly survey: {
    readonly rows: number;
    /** Rows with visible text. */
    readonly texts: number;
    /** Rows that could not be read. */
    readonly unread: number;
    /** Letters by script; `kana` are also Hangul. */
    readonly han: number;
    readonly kana: number;
    readonly latin: number;
    readonly other: number;
  } | null;
}

/** A library to compile: masks and severities as numbers. */
export interface NativeLibrary {
  /** Ids of the entries, for the evidence. */
  readonly ids: readonly string[];
  readonly entries: readonly NativeEntry[];
  readonly options: MatchOptions;
}

/** One entry to compile. */
export interface NativeEntry {
  readonly text: string;
  readonly mask: number;
  readonly severity: number;
  readonly allow?: readonly string[] | undefined;
  readonly combo?: boolean | undefined;
}

/** A compiled library: one per process, shared by all threads, found again by its key. */
export interface CompiledLibrary {
  readonly key: string;
  readonly entries: number;
  readonly patterns: number;
  readonly routes: readonly LibraryRoute[];
  readonly heapBytes: number;
}

/** A file that holds a compiled library, as far as it says what it was made of. */
export interface LibraryFileHead {
  /** Digest that every byte of the file counts for. */
  readonly digest: string;
  /** What was saved beside the library: JSON of its source. */
  readonly source: string;
}

/** A way in which patterns of a library are found. */
export interface LibraryRoute {
  /** `ideographs` and `words` find by anchors, `wide ascii quad word short` are the gram engine of profile `exact`. */
  readonly name: string;
  /** The kind of processor that its inner loop was written for; `portable` runs on all. */
  readonly kernel: string;
  readonly patterns: number;
}

/** Numbers of one hit of `matchText`: entry, level, start and end in the unit asked for, start and end in UTF-16. */
export const numbersPerHit = 6;

/** Hits of a column as columns of one length: positions are bytes of the row. */
export interface HitColumns {
  readonly rows: Uint32Array<ArrayBuffer>;
  readonly entries: Uint32Array<ArrayBuffer>;
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
  readonly levels: Uint8Array<ArrayBuffer>;
}

/** Hits of a stream as columns of one length; positions may exceed 32 bits. */
export interface StreamColumns {
  readonly entries: Uint32Array<ArrayBuffer>;
  readonly starts: Float64Array<ArrayBuffer>;
  readonly ends: Float64Array<ArrayBuffer>;
  readonly levels: Uint8Array<ArrayBuffer>;
  readonly matched: readonly (string | null)[];
}

/** A text that arrives in pieces of whole characters; null where no hit is certain. */
export interface NativeStream {
  push(text: string): StreamColumns | null;
  /** Ends the text; the stream is then as new. */
  end(): StreamColumns | null;
}

/** Keywords in normal form: see `normalForms`. */
export interface NormalForms {
  /** Index of the first keyword with the same form; `noForm` where nothing of the keyword is left. */
  readonly firsts: Uint32Array<ArrayBuffer>;
  /** Characters that a text must show, white space left out; of a combination, of the shortest part. */
  readonly characters: Uint32Array<ArrayBuffer>;
  /** 1 where all of them are letters of an alphabetic script. */
  readonly alphabetic: Uint8Array<ArrayBuffer>;
}

/** In what the positions of a hit are counted. */
export const offsetUnits = ["codepoint", "utf16", "byte"] as const;
export type OffsetUnit = (typeof offsetUnits)[number];

/** The addon. */
export type Addon = ReturnType<typeof wrap>;

let loaded: Addon | undefined;

/**
 * Loads the addon, once per thread; its image and its compiled libraries are one per process.
 *
 * @throws ScanError `internal` when it is missing or was built from other sources than this code
 */
export function loadAddon(): Addon {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    let native: Native;
    try {
      native = require("../../native/index.cjs") as Native;
    } catch (error) {
      throw new ScanError(
        "internal",
        `the native addon cannot be loaded (npm run build makes it): ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
    const expected = new URL("../source-hash.txt", import.meta.url);
    if (existsSync(expected)) {
      const [ours, theirs] = [readFileSync(expected, "utf8").trim(), native.sourceHash()];
      if (ours !== theirs) {
        throw new ScanError(
          "internal",
          `the native addon was built from other sources (${theirs}) than this code (${ours}): run npm run build`,
        );
      }
    }
    loaded = wrap(native);
  }
  return loaded;
}

function wrap(native: Native) {
  return {
    sourceHash: (): string => native.sourceHash(),

    /** Looks at a file without reading its records. Never throws for what a file holds. */
    inspectFile: (path: string, options: ReadOptions): Inspection =>
      JSON.parse(native.inspectFile(path, JSON.stringify(options))) as Inspection,

    /** Looks at a file as `inspectFile` does, and counts the letters of its first records. */
    surveyFile: (path: string, options: ReadOptions): FileSurvey =>
      JSON.parse(native.surveyFile(path, JSON.stringify(options))) as FileSurvey,

    /** Looks at an object, off this thread. As `inspectFile`. */
    inspectObject: async (url: string, options: ReadOptions): Promise<Inspection> =>
      JSON.parse(await native.inspectObject(url, JSON.stringify(options))) as Inspection,

    /** Lists the objects whose URLs begin with this one, off this thread; with `flat` none behind a further slash. */
    listObjects: async (prefix: string, flat: boolean, storage: ObjectStorage): Promise<Listing> =>
      JSON.parse(await native.listObjects(prefix, flat, JSON.stringify(storage))) as Listing,

    /** Ends the reads of object stores whose `storage.stop` is this number, now and later, in all threads. */
    stopReads: (stop: number): void => native.stopReads(stop),

    /**
     * Compiles a library, or finds it compiled.
     *
     * @throws ScanError `config` naming the entry, its size and the limit
     */
    compileLibrary: (library: NativeLibrary): CompiledLibrary => {
      try {
        return native.compileLibrary(JSON.stringify(library));
      } catch (error) {
        throw new ScanError("config", `the keyword library cannot be compiled: ${messageOf(error)}`, { cause: error });
      }
    },

    /** Whether a file begins as a compiled library does; a file that cannot be read does not. */
    isCompiled: (path: string): boolean => native.isCompiled(path),

    /**
     * Reads what a compiled library was made of, and not yet the library.
     *
     * @throws ScanError `config` naming file, section, byte, value and limit
     */
    readLibraryFile: (path: string): LibraryFileHead => {
      try {
        return native.readLibraryFile(path);
      } catch (error) {
        throw new ScanError("config", messageOf(error).replace(/^argument: /, ""), { cause: error });
      }
    },

    /**
     * Opens a compiled library, or finds it open, to match under other options than its own.
     *
     * @param digest - the one of the head that was read
     * @returns null where it would compile to another library under the options
     * @throws ScanError `config` naming file, section, byte, value and limit
     */
    openLibraryFile: (path: string, digest: string, options: MatchOptions): CompiledLibrary | null => {
      try {
        return native.openLibraryFile(path, digest, JSON.stringify(options));
      } catch (error) {
        throw new ScanError("config", messageOf(error).replace(/^argument: /, ""), { cause: error });
      }
    },

    /**
     * Writes a compiled library to a file, with JSON of its source, in one step and in the place of an older file.
     *
     * @returns bytes of the file
     * @throws ScanError `environment` when the system refuses
     */
    saveLibrary: (key: string, path: string, source: string): number => {
      try {
        return native.saveLibrary(key, path, source);
      } catch (error) {
        throw new ScanError("environment", messageOf(error), { cause: error });
      }
    },

    /** Forgets a compiled library; scans that use it keep it until they end. */
    releaseLibrary: (key: string): void => native.releaseLibrary(key),

    /**
     * Finds entries in one text: `numbersPerHit` numbers a hit, in text order; null for no hit. Half a surrogate pair
     * counts as U+FFFD.
     */
    matchText: (key: string, text: string, unit: OffsetUnit): Uint32Array | null => native.matchText(key, text, unit),

    /**
     * Finds entries in a column of text: `values` with `offsets` of length rows + 1, ascending, into it; rows whose bit
     * in `validity` is 0 are null. Positions are bytes of the row.
     *
     * @throws Error naming the row or the offset that is wrong
     */
    matchColumn: (
      key: string,
      values: Uint8Array,
      offsets: Int32Array | BigInt64Array,
      validity: Uint8Array | null,
      validityOffset: number,
    ) => native.matchColumn(key, values, offsets, validity, validityOffset) as HitColumns,

    /** A stream of hits; positions in `unit`. */
    openStream: (key: string, unit: OffsetUnit): NativeStream => new native.MatchStream(key, unit) as NativeStream,

    /** Reads keywords, each with whether it is a combination, in normal form: equal ones are one keyword. */
    normalForms: (keywords: readonly (readonly [string, boolean])[]): NormalForms =>
      native.normalForms(JSON.stringify(keywords)) as NormalForms,

    /**
     * Explains a text: the entries that are found in it, and those of `asked`, by index, that are not.
     *
     * @throws ScanError `usage` for a text over the limit
     */
    explainText: (key: string, text: string, asked: readonly number[]): NativeExplanation => {
      try {
        return JSON.parse(native.explainText(key, text, [...asked])) as NativeExplanation;
      } catch (error) {
        throw new ScanError("usage", messageOf(error).replace(/^argument: /, ""), { cause: error });
      }
    },

    /** Opens a shard of a task, with a library that is compiled in this process; see `NativeScan`. */
    openShard: (libraryKey: string, task: unknown): NativeScan =>
      new native.ShardScan(libraryKey, JSON.stringify(task)) as NativeScan,

    /** Opens a stream of a task before its first byte, with a library that is compiled in this process. */
    openStreamScan: (libraryKey: string, task: unknown): NativeStreamScan =>
      new native.StreamScan(libraryKey, JSON.stringify(task)) as NativeStreamScan,

    /**
     * Makes all that was written to the file system of a folder durable.
     *
     * @throws ScanError `environment` with the system's answer
     */
    syncFiles: (folder: string): void => {
      try {
        native.syncFiles(folder);
      } catch (error) {
        throw environmentError(error);
      }
    },

    /** What the machine offers to the native code. */
    machine: (): NativeMachine => JSON.parse(native.machine()) as NativeMachine,

    /**
     * Draws the samples from the evidence of all shards.
     *
     * @throws ScanError `environment` naming the file that cannot be read or written
     */
    drawSamples: (spec: unknown): unknown => {
      try {
        return JSON.parse(native.drawSamples(JSON.stringify(spec)));
      } catch (error) {
        throw environmentError(error);
      }
    },
  };
}

function environmentError(error: unknown): ScanError {
  return new ScanError("environment", messageOf(error).replace(/^environment: /, ""), { cause: error });
}

/** What the machine offers to the native code. */
export interface NativeMachine {
  /** Inner loops of the matcher that the processor can run, the fastest first; that one is used. */
  readonly kernels: readonly string[];
  /** Vectorscan or Hyperscan, as the host has it. */
  readonly vectorscan: {
    readonly name: string | null;
    readonly path: string | null;
    readonly isUsed: boolean;
    /** Why it is not used. */
    readonly why: string | null;
  };
}

/** One step of a shard. `packs` is empty when the batch needs no scores; its verdicts are then already counted. */
export interface NativeStep {
  readonly batch: number;
  readonly records: number;
  readonly bytes: number;
  readonly flagged: number;
  /** Records that could not be read. */
  readonly unread: number;
  /** Windows to score, by length; `fillIds` gives their ids. */
  readonly packs: readonly { readonly rows: number; readonly length: number }[];
}

/**
 * A shard that is being scanned, on one thread: `next` reads and matches a batch, `fillIds` writes the ids of its packs
 * one behind the other, `score` brings its scores, in any order; `finish` writes the evidence and gives the tally as JSON.
 */
export interface NativeScan {
  next(): NativeStep | null;
  fillIds(target: Buffer): void;
  score(batch: number, sums: readonly Int32Array[]): number;
  finish(): string;
}

/** What one step of a stream came to. */
export type NativeStreamEvent =
  /** More bytes are wanted, or `finish`. */
  | { readonly kind: "wanting" }
  /** Bytes of the answer that wait for nothing. */
  | { readonly kind: "output"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Rows of a record batch were matched; scores are wanted if there are packs. */
  | { readonly kind: "slice"; readonly slice: NativeStep }
  /** All slices of a record batch came: `answer`, once they have their scores. */
  | { readonly kind: "answer" };

/**
 * An Arrow IPC stream that is being scanned, on one thread. `push` takes bytes as far as the end of a message and gives
 * how many; `advance` until it is wanting. Errors are `code: message`, and what waits can be answered behind one.
 */
export interface NativeStreamScan {
  push(bytes: Uint8Array): number;
  advance(): NativeStreamEvent;
  /** Writes the ids of the last slice's packs. */
  fillIds(ids: Buffer): void;
  score(slice: number, sums: readonly Int32Array[]): void;
  /** The message that answers the first record batch that waits. */
  answer(): Uint8Array<ArrayBuffer>;
  /** The end of the answer, when no more bytes come. */
  finish(): Uint8Array<ArrayBuffer>;
  /** Counts of what was answered, as JSON. */
  summary(): string;
}
