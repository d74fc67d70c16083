/**
 * The journal of a run: which shards are in hand, written before each is begun, so that a scan that takes the place of
 * one that crashed knows where to look for the cause. It lies in the page cache: that outlives a process, and after a
 * crash of the machine nothing is suspected and shards without a tally are scanned again.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, ScanError } from "../errors.ts";

/** What a process is told that takes the place of one that crashed in the same run. */
export interface Crash {
  /** Names the run: its processes share it. */
  readonly run: string;
  /** How the process before ended, such as `SIGSEGV`; null for the first one. */
  readonly how: string | null;
}

/** Its name in the run folder. */
export const journalName = "journal.jsonl";

const line = z.union([
  z.strictObject({ run: z.string() }),
  /** Digest of the plan that is followed. */
  z.strictObject({ plan: z.string() }),
  z.strictObject({ begin: z.string(), alone: z.boolean() }),
  /** `done`: with verdicts; otherwise given up. */
  z.strictObject({ end: z.string(), done: z.boolean() }),
  z.strictObject({ crash: z.string() }),
]);
type Line = z.output<typeof line>;

/** The journal of a run. */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  /** Shards in hand, and whether each is the only one. */
  readonly #inHand = new Map<string, boolean>();
  /** Shards that were in hand, beside others or for the first time, when a process crashed: to be scanned alone. */
  readonly suspects = new Set<string>();
  /** Shards that a process crashed of while it had no other, and how. */
  readonly culprits = new Map<string, string>();
  /** Whether this process goes on with the journal of one that crashed. */
  readonly goesOn: boolean;
  #plan: string | null = null;
  #givenUpInRow = 0;

  private constructor(path: string, lines: readonly Line[], goesOn: boolean) {
    this.#path = path;
    this.goesOn = goesOn;
    for (const one of lines) this.#apply(one);
    this.#file = openSync(path, goesOn ? "a" : "w");
  }

  /**
   * Begins the journal of a run, or goes on with that of a process of the same run that crashed. One that crashed before
   * it had a journal leaves nothing to go on with.
   *
   * @throws ScanError `environment` when it cannot be written
   */
  static open(folder: string, { run, how }: Crash): Journal {
    const path = join(folder, journalName);
    try {
      const lines = how === null ? [] : readLines(path);
      const [first] = lines;
      if (how === null || first === undefined || !("run" in first) || first.run !== run) {
        const journal = new Journal(path, [], false);
        journal.#write({ run });
        return journal;
      }
      const journal = new Journal(path, lines, true);
      // The last line may have been cut.
      writeSync(journal.#file, "\n");
      journal.#write({ crash: how });
      return journal;
    } catch (error) {
      throw error instanceof ScanError ? error : unwritable(path, error);
    }
  }

  /** Digest of the plan that the run follows; null until it has one. */
  get plan(): string | null {
    return this.#plan;
  }

  /** Says which plan is followed. */
  follow(planDigest: string): void {
    this.#write({ plan: planDigest });
  }

  /** Shards given up since the last one that was done. */
  get givenUpInRow(): number {
    return this.#givenUpInRow;
  }

  /** Says that a shard is begun, before it is. */
  begin(shard: string, alone: boolean): void {
    this.#write({ begin: shard, alone });
  }

  /** Says that a shard has ended: with verdicts, or given up. */
  end(shard: string, done: boolean): void {
    this.#write({ end: shard, done });
  }

  /** Says that a shard was stopped: it is neither done nor given up. */
  stop(shard: string): void {
    this.#inHand.delete(shard);
  }

  /** Closes and removes it: the run is over, or was stopped in order. */
  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #write(one: Line): void {
    this.#apply(one);
    try {
      writeSync(this.#file, `${JSON.stringify(one)}\n`);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  #apply(one: Line): void {
    if ("run" in one) return;
    if ("plan" in one) {
      this.#plan = one.plan;
    } else if ("begin" in one) {
      this.#inHand.set(one.begin, one.alone);
    } else if ("end" in one) {
      for (const shards of [this.#inHand, this.suspects, this.culprits]) shards.delete(one.end);
      this.#givenUpInRow = one.done ? 0 : this.#givenUpInRow + 1;
    } else {
      for (const [shard, alone] of this.#inHand) {
        if (alone) this.culprits.set(shard, one.crash);
        else this.suspects.add(shard);
        if (alone) this.suspects.delete(shard);
      }
      this.#inHand.clear();
    }
  }
}

/** The lines of a journal but those that are none: a crash may have cut one. */
function readLines(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    // The process crashed before it had a journal.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const lines: Line[] = [];
  for (const one of text.split("\n")) {
    try {
      lines.push(line.parse(JSON.parse(one)));
    } catch {
      // See above.
    }
  }
  return lines;
}

function unwritable(path: string, error: unknown): ScanError {
  return new ScanError("environment", `${path} cannot be written: ${messageOf(error)}`, { cause: error });
}
