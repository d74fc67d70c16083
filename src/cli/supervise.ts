/**
 * The process that watches a scan: it starts the command in a process of its own, starts it again when that crashes, and
 * otherwise hands on: signals to it, its exit code to the caller. It loads nothing else, so that it is small and cannot
 * fail of what the other one fails of.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { exitCodes, messageOf } from "../errors.ts";

/** To the watched process. */
export type SupervisorMessage =
  /** The first message: the run that it belongs to, and how the process before it ended; null for the first. */
  | { readonly kind: "begin"; readonly run: string; readonly how: string | null }
  /** Someone asked the command to stop. */
  | { readonly kind: "interrupt" };

/** From the watched process: a shard has ended. */
export interface ProgressMessage {
  readonly kind: "got-on";
}

/** Crashes in a row, without a shard that ended between, after which it is of no use to go on. */
const mostCrashes = 3;
/**
 * The watched process holds a plan and counts, no records: a small heap of young objects is enough, and it is a good
 * part of what a scan with a small budget takes.
 */
const execArgv = [...process.execArgv, "--max-semi-space-size=2"];
/** Signals that end a process because someone wants it. */
const wanted: readonly (string | null)[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a script of ours to its end.
 *
 * SIGINT and SIGTERM are told to the process, which then stops in order; a second one ends it at once. If this process
 * is ended, the other one notices and ends, too.
 *
 * @returns the exit code
 */
export async function supervise(script: URL, args: readonly string[]): Promise<number> {
  const run = `${process.pid}-${Date.now()}`;
  let child: ChildProcess | undefined;
  let signals = 0;
  const onSignal = () => {
    signals++;
    if (signals > 1) child?.kill("SIGKILL");
    else if (child?.connected === true) send(child, { kind: "interrupt" });
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  let how: string | null = null;
  for (let crashes = 0; ; crashes++) {
    child = fork(fileURLToPath(script), args, { stdio: "inherit", execArgv });
    child.on("message", ({ kind }: ProgressMessage) => {
      if (kind === "got-on") crashes = 0;
    });
    send(child, { kind: "begin", run, how });
    const ended = await endOf(child);
    if (ended instanceof Error) return fail(`the scan process cannot be started: ${messageOf(ended)}`);
    if (ended.code !== null) return ended.code;
    if (signals > 0 || wanted.includes(ended.signal)) return exitCodes.interrupted;
    how = ended.signal;
    if (crashes + 1 >= mostCrashes) {
      return fail(
        `the scan process ended ${mostCrashes} times in a row without getting on, the last time by ${how}` +
          `${how === "SIGKILL" ? " (the system may be out of memory)" : ""}; the same command goes on from here`,
      );
    }
  }
}

function send(child: ChildProcess, message: SupervisorMessage): void {
  // A process that has just ended is no error here: its end is told.
  child.send(message, () => {});
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null } | Error> {
  return new Promise((resolve) => {
    child.on("error", resolve);
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
}

function fail(message: string): number {
  process.stderr.write(`corpusgate: ${message}\n`);
  return exitCodes.internal;
}
