/** Objects of a corpus: what `s3://` patterns stand for, and a look at each of them, some at a time. */
import picomatch from "picomatch";
import type { Addon, Inspection, Listing, ObjectStorage, ReadOptions } from "../addon/addon.ts";
import { type ErrorCode, ScanError } from "../errors.ts";

/** A found object. */
export interface FoundObject {
  readonly url: string;
  readonly size: number;
}

/** What has been found out about objects: `resolve` asks, the others answer from what is known. */
export interface Objects {
  /** What a pattern stands for; nothing for one that names nothing. */
  filesOf(pattern: string): readonly FoundObject[];
  /** The look at an object under these options; undefined where none was taken. */
  inspection(url: string, options: ReadOptions): Inspection | undefined;
}

/** Extensions, in any case, that a folder is searched for. */
export const dataExtension =
  /\.(arrow|arrows|feather|parquet|jsonl|ndjson|json|warc|wet|warc\.wet|txt|text|md|markdown)(\.(gz|zst))?$/i;
/** Those of files that are one record each. */
export const textExtension = /\.(txt|text|md|markdown)(\.(gz|zst))?$/i;

/** Requests at a time: as many as libuv has threads for. */
const lanes = 4;
/** What a glob may begin with; before the first of them a key stands for itself. */
const globStart = /[*?[\]{}()!+@\\]/;

/** Whether a path is a URL, of whatever scheme; one letter would be a drive. */
export function isUrl(path: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(path);
}

/** The folder that a URL searches: what stands before the first wildcard, or all of it; null for one that names an object. */
export function folderOfUrl(url: string): string | null {
  const wild = url.search(globStart);
  if (wild < 0 && dataExtension.test(url)) return null;
  return (wild < 0 ? url : url.slice(0, url.lastIndexOf("/", wild))).replace(/\/+$/, "");
}

/** Looks for objects and at them, each once, without holding up the thread. */
export class ObjectLookup implements Objects {
  readonly #addon: Addon;
  readonly #storage: ObjectStorage;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, readonly FoundObject[]>();
  readonly #inspections = new Map<string, Inspection>();
  /** Sizes of the objects that listings have shown. */
  readonly #listed = new Map<string, number>();

  constructor(addon: Addon, storage: ObjectStorage, signal: AbortSignal | undefined) {
    this.#addon = addon;
    this.#storage = storage;
    this.#signal = signal;
  }

  filesOf(pattern: string): readonly FoundObject[] {
    return this.#files.get(pattern) ?? [];
  }

  inspection(url: string, options: ReadOptions): Inspection | undefined {
    return this.#inspections.get(inspectionKey(url, options));
  }

  /**
   * Finds what patterns stand for and looks at it under the options of each, with `null` only for its size.
   *
   * @throws ScanError `config` for a URL, a bucket or credentials that nothing can be read with, `environment` for a
   *   store that does not answer, `interrupted` when the signal came
   */
  async resolve(wanted: readonly { readonly pattern: string; readonly options: ReadOptions | null }[]): Promise<void> {
    await this.#each(wanted, async ({ pattern, options }) => {
      this.#files.set(pattern, await this.#find(pattern, options));
    });
    const looks = wanted.flatMap(({ pattern, options }) =>
      options === null ? [] : this.filesOf(pattern).map(({ url }) => ({ url, options })),
    );
    await this.#each(looks, async ({ url, options }) => {
      await this.#inspect(url, options);
    });
  }

  async #find(pattern: string, options: ReadOptions | null): Promise<readonly FoundObject[]> {
    const [, scheme, bucket, key] = /^([^:]+:\/\/)([^/]*)\/?(.*)$/s.exec(pattern) as unknown as [
      ...[string, string, string, string],
    ];
    const root = `${scheme.toLowerCase()}${bucket}/`;
    const folder = async (prefix: string) =>
      (await this.#list(root, prefix, false)).filter(({ url }) => dataExtension.test(url));
    if (key === "" || key.endsWith("/")) return folder(key);
    const url = root + key;
    const size = this.#listed.get(url);
    if (size !== undefined) return [{ url, size }];
    const magic = key.search(globStart);
    if (magic < 0 && options !== null) {
      const { error, size } = await this.#inspect(url, options);
      return error?.code === "missing" ? folder(`${key}/`) : [{ url, size }];
    }
    const exact = (await this.#list(root, key, true)).filter((found) => found.url === url);
    if (exact.length > 0) return exact;
    if (magic < 0 || !picomatch.scan(key).isGlob) return folder(`${key}/`);
    const matches = picomatch(key, { dot: false, nonegate: true });
    const found = await this.#list(root, key.slice(0, magic), !key.includes("/", magic));
    return found.filter(({ url }) => matches(url.slice(root.length)));
  }

  async #list(root: string, prefix: string, flat: boolean): Promise<FoundObject[]> {
    const { error, objects } = await this.#asked(this.#addon.listObjects(root + prefix, flat, this.#storage));
    if (error !== null) throw new ScanError("config", error.message);
    return objects.map(({ key, size }) => {
      this.#listed.set(root + key, size);
      return { url: root + key, size };
    });
  }

  async #inspect(url: string, options: ReadOptions): Promise<Inspection> {
    const key = inspectionKey(url, options);
    const known = this.#inspections.get(key);
    if (known !== undefined) return known;
    const look = this.#addon.inspectObject(url, { ...options, storage: this.#storage });
    const inspection = await this.#asked(look);
    this.#inspections.set(key, inspection);
    return inspection;
  }

  /** Throws for an answer after which nothing of the corpus can be read. */
  async #asked<T extends Inspection | Listing>(answer: Promise<T>): Promise<T> {
    const { error, ...rest } = await answer;
    this.#signal?.throwIfAborted();
    if (error !== null && isFatal(error.code)) throw new ScanError(error.code, error.message);
    return { error, ...rest } as T;
  }

  /** Runs over all, some at a time; after a failure nothing new is begun. */
  async #each<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
    const queue = all.values();
    let failed = false;
    const drain = async () => {
      for (const one of queue) {
        if (failed) return;
        this.#signal?.throwIfAborted();
        try {
          await run(one);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: lanes }, drain));
    const failure = ended.find((one) => one.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}

function inspectionKey(url: string, options: ReadOptions): string {
  const { format, encoding, validate, textColumn, idColumn, sourceColumn } = options;
  return JSON.stringify([url, format, encoding, validate, textColumn, idColumn, sourceColumn]);
}

/** Codes of answers that are no file's own. `usage` is one: a file that is not what the register says it is. */
function isFatal(code: string): code is ErrorCode {
  return ["config", "environment", "interrupted", "corpus-changed"].includes(code);
}
