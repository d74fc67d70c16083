/** The watched end of `supervise`: what a scan is told by the process that started it, and how it is stopped. */
import { exitCodes, messageOf, ScanError } from "../errors.ts";
import type { Crash } from "../run/journal.ts";
import type { ProgressMessage, SupervisorMessage } from "./supervise.ts";

/** The process that watches this one; absent where the script was started by itself. */
export interface Supervisor {
  readonly crash: Crash;
  /** Says that a shard has ended, so that a crash is none of a row. */
  gotOn(): void;
}

/** Waits for the first message of the process that watches this one; null when there is none. */
export async function connectSupervisor(): Promise<Supervisor | null> {
  if (process.send === undefined) return null;
  // At once, whatever the threads are busy with; the run folder can be resumed after any end.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  const { run, how } = await new Promise<Crash>((resolve) => {
    process.on("message", (message: SupervisorMessage) => {
      if (message.kind === "begin") resolve(message);
    });
  });
  // It must not keep a scan alive that is over.
  process.channel?.unref();
  // An exit code of 1 is a decision; an error that nobody caught is none.
  process.on("uncaughtException", (error) => {
    process.stderr.write(`corpusgate: ${error.stack ?? messageOf(error)}\n`);
    process.exit(exitCodes.internal);
  });
  const message: ProgressMessage = { kind: "got-on" };
  return { crash: { run, how }, gotOn: () => process.send?.(message) };
}

/**
 * Runs with a signal that SIGINT and SIGTERM abort; a second one ends the process at once. Under a supervisor its
 * message does: a terminal sends its signal to both processes, and only one of them must count.
 */
export async function withInterrupt<T>(
  supervisor: Supervisor | null,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write("\nstopping after the batches in hand; once more to stop at once\n");
    controller.abort(new ScanError("interrupted", "interrupted"));
  };
  const onMessage = ({ kind }: SupervisorMessage) => {
    if (kind === "interrupt") stop();
  };
  const onSignal = supervisor === null ? stop : () => {};
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("message", onMessage);
  if (supervisor !== null) process.channel?.unref();
  try {
    return await run(controller.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("message", onMessage);
  }
}
