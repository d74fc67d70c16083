/** Runs the built command on folders that a test writes. What is tested is what a user has: processes, files, exit codes. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { Report } from "../../src/report/report.ts";

/** A path of the repository, as `examples/corpus.yaml`. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

const main = fromRoot("dist/cli/corpusgate.js");

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs, and its end. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Where and how a command runs. */
export interface RunOptions {
  readonly cwd?: string;
  /** Written to stdin, which is then closed. */
  readonly input?: string;
  /** Added to the environment; undefined takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Put before `node`, such as another user's shell. */
  readonly prefix?: readonly string[];
}

/** Starts a program; nothing of the terminal or the colours of the test run reaches it. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): Running {
  const { NO_COLOR: _, FORCE_COLOR: __, NODE_OPTIONS: ___, ...env } = process.env;
  const [first, ...rest] = [...(options.prefix ?? []), program, ...args];
  const child = spawn(first as string, rest, {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  // A command that ends without reading its input is no error of the test.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...output }));
  });
  return { process: child, ended };
}

/** Starts `corpusgate ARGS`. */
export function startCorpusgate(args: readonly string[], options: RunOptions = {}): Running {
  return start(process.execPath, [main, ...args], options);
}

/** Runs `corpusgate ARGS` to its end. */
export function corpusgate(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return startCorpusgate(args, options).ended;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder, which is removed when the tests of the file are over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "corpusgate-test-"));
  made.push(folder);
  return folder;
}

/** The text of a run folder's report; null when there is none. */
export function reportTextOf(run: string): string | null {
  const path = join(run, "report.json");
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

/** The report of a run folder. */
export function reportOf(run: string): Report {
  return JSON.parse(readFileSync(join(run, "report.json"), "utf8")) as Report;
}

/** Makes a folder and those above it. */
export function folderAt(...parts: string[]): string {
  const path = join(...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
