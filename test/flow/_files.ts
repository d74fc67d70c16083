/** Files that a case file describes, written into a folder. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { RecordBatchFileWriter, tableFromArrays, tableToIPC } from "apache-arrow";
import { stringify } from "yaml";
import { fromRoot } from "./_command.ts";

/** A file: its text, or how it is made. One of `text` to `copy`, then `gz`, then the cuts. */
export type FileSpec =
  | string
  | {
      /** JSON values, one a line. */
      readonly lines?: readonly unknown[];
      readonly text?: string;
      readonly base64?: string;
      /** Columns of an Arrow file, or of a stream. */
      readonly arrow?: Record<string, unknown[]>;
      readonly stream?: Record<string, unknown[]>;
      /** A file of the repository. */
      readonly copy?: string;
      /** Any value, as YAML. */
      readonly yaml?: unknown;
      readonly gz?: boolean;
      /** Keeps this share of the bytes. */
      readonly keep?: number;
      /** Inverts the byte at this share of the length. */
      readonly flip?: number;
    };

/** The bytes of a file. */
export function bytesOf(spec: FileSpec): Uint8Array {
  if (typeof spec === "string") return Buffer.from(spec);
  let bytes: Uint8Array;
  if (spec.lines !== undefined) bytes = Buffer.from(spec.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  else if (spec.text !== undefined) bytes = Buffer.from(spec.text);
  else if (spec.base64 !== undefined) bytes = Buffer.from(spec.base64, "base64");
  else if (spec.arrow !== undefined)
    bytes = RecordBatchFileWriter.writeAll(tableFromArrays(spec.arrow)).toUint8Array(true);
  else if (spec.stream !== undefined) bytes = tableToIPC(tableFromArrays(spec.stream), "stream");
  else if (spec.copy !== undefined) bytes = readFileSync(fromRoot(spec.copy));
  else if (spec.yaml !== undefined) bytes = Buffer.from(stringify(spec.yaml));
  else throw new Error(`a file of nothing: ${JSON.stringify(spec)}`);
  if (spec.gz === true) bytes = gzipSync(bytes);
  if (spec.keep !== undefined) bytes = bytes.slice(0, Math.floor(bytes.length * spec.keep));
  if (spec.flip !== undefined) {
    bytes = Uint8Array.from(bytes);
    const at = Math.floor((bytes.length - 1) * spec.flip);
    bytes[at] = ~(bytes[at] as number);
  }
  return bytes;
}

/** Writes files below a folder, by their paths. */
export function writeFiles(folder: string, files: Readonly<Record<string, FileSpec>>): void {
  for (const [path, spec] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytesOf(spec));
  }
}
