/** Arrow IPC streams for tests, and `corpusgate pipe` as a process that is fed with them. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { RecordBatchStreamWriter, type Schema, Table, tableFromIPC } from "apache-arrow";
import { fromRoot } from "./_command.ts";

/** What an end marker has. */
export const endMarker = 8;

/** A stream of the record batches of tables, or of one table. Tables without rows are record batches without rows. */
export function streamOf(...tables: readonly Table[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, tables[0]?.schema as Schema);
  for (const table of tables) for (const batch of table.batches) writer.write(batch);
  return writer.finish().toUint8Array(true);
}

/** A pipe that runs. */
export interface RunningPipe {
  readonly child: ChildProcessWithoutNullStreams;
  /** How it ended, with what it said on stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Starts `corpusgate pipe ARGS`. Nobody reads stdout yet. */
export function startPipe(args: readonly string[]): RunningPipe {
  const child = spawn(process.execPath, [fromRoot("dist/cli/main.js"), "pipe", ...args], { stdio: "pipe" });
  // A command that ends without reading its input is no error of the test.
  child.stdin.on("error", () => {});
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
  return { child, ended };
}

/** Feeds a stream to `corpusgate pipe ARGS` and gives all that came of it. */
export async function pipe(
  args: readonly string[],
  input: Uint8Array,
): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: Buffer }> {
  const { child, ended } = startPipe(args);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stdin.end(input);
  return { ...(await ended), stdout: Buffer.concat(parts) };
}

/** The table of an answer, which may lack its end. */
export function answerOf(bytes: Uint8Array): Table {
  return bytes.length === 0 ? new Table() : tableFromIPC(bytes);
}

/** A column as values of JavaScript. */
export function valuesOf(table: Table, name: string): unknown[] {
  const column = table.getChild(name);
  if (column === null) throw new Error(`there is no column ${name}`);
  return Array.from(column, plain);
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  const { toJSON } = value as { toJSON?: () => unknown };
  const json = toJSON === undefined ? value : toJSON.call(value);
  return Array.isArray(json) ? json.map(plain) : json;
}
