/** SIGINT and SIGTERM: the first one lets a scan stop where it can go on, the second one ends the process. */
import { exitCodes, ScanError } from "../errors.ts";

/** Runs with a signal that SIGINT and SIGTERM abort; a second one ends the process at once. */
export async function withInterrupt<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write("\nstopping after the batches in hand; once more to stop at once\n");
    controller.abort(new ScanError("interrupted", "interrupted"));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await run(controller.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
