/** The errors that a caller can act on, and the exit codes that they end the command with. */

/** What kind of error it is, and so whether the caller, the corpus or we are at fault. */
export type ErrorCode =
  /** Wrong use: an unknown option, a path that names nothing. */
  | "usage"
  /** A configuration, library, policy or model that is missing or invalid. */
  | "config"
  /** The run folder belongs to another plan or to a scan that is running. */
  | "run-folder"
  /** A file of the corpus changed while it was scanned. */
  | "corpus-changed"
  /** Data that a caller handed over is not what its format says, or is over a limit. */
  | "data"
  /** The scan was asked to stop; the run folder can be resumed. */
  | "interrupted"
  /** The machine refused: disk full, out of memory, a device that is not there. */
  | "environment"
  /** A fault of corpusgate itself. */
  | "internal";

/** An error with a code, a message that names file, place, value and limit, and its cause. */
export class ScanError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ScanError";
    this.code = code;
  }
}

/** Exit codes of the command. `2` is a decision that is open: a gate's, or the verdicts on data that cannot be read. */
export const exitCodes = { pass: 0, fail: 1, "not-decided": 2, usage: 64, internal: 70, interrupted: 130 } as const;

/** Exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ScanError)) return exitCodes.internal;
  switch (error.code) {
    case "usage":
    case "config":
    case "run-folder":
      return exitCodes.usage;
    case "data":
      return exitCodes["not-decided"];
    case "interrupted":
      return exitCodes.interrupted;
    case "corpus-changed":
    case "environment":
    case "internal":
      return exitCodes.internal;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
