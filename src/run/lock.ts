/** The lock of a run folder: one process at a time, on one machine or on several that share the folder. */
import { closeSync, linkSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { ScanError } from "../errors.ts";

/** How often the holder says that it lives, in milliseconds. */
const beatMs = 15_000;
/**
 * After so long without a word a holder on another machine counts as gone. Processes of the same machine are looked up
 * instead. Longer than anything that keeps the holder from its timers.
 */
const silentMs = 15 * 60_000;

/** A lock that this process holds. */
export class Lock {
  readonly #path: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#beat = setInterval(() => touch(path, text), beatMs).unref();
  }

  /**
   * Takes a lock by a file that names its process. One whose process is gone (killed, rebooted) is taken over.
   *
   * @throws ScanError `run-folder` when another process holds it
   */
  static take(path: string): Lock {
    // Linked into place with its content, so that nobody reads a lock without a holder.
    const host = hostname();
    const own = `${path}.${host.replace(/[^\w.-]/g, "_")}.${process.pid}`;
    const text = JSON.stringify({ pid: process.pid, started: startOf(process.pid), host } satisfies Holder);
    writeFileSync(own, text);
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          linkSync(own, path);
          return new Lock(path, text);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
          const holder = holderOf(path);
          const isHere = (holder?.host ?? host) === host;
          if (attempt > 2 || (holder !== null && (isHere ? isAlive(holder) : speaks(path, own)))) {
            const where = isHere ? "" : ` on ${holder?.host}`;
            const remedy = isHere ? "" : `; if that machine is gone, remove the file`;
            const who = `process ${holder?.pid ?? "unknown"}${where}`;
            throw new ScanError("run-folder", `another scan (${who}) holds ${path}${remedy}`);
          }
          rmSync(path, { force: true });
        }
      }
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** Gives the lock to whoever comes next. */
  release(): void {
    clearInterval(this.#beat);
    rmSync(this.#path, { force: true });
  }
}

/** Changes the time of the lock to that of the file system, which all machines see. */
function touch(path: string, text: string): void {
  try {
    const file = openSync(path, "r+");
    try {
      // The same bytes in their place: whoever reads meanwhile sees the holder.
      writeSync(file, text, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // A lock that somebody removed by hand is none of ours to make again.
  }
}

/** Whether the lock was touched lately, told by the clock that wrote both files. */
function speaks(path: string, own: string): boolean {
  const [theirs, ours] = [path, own].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs);
  return theirs !== undefined && ours !== undefined && ours - theirs < silentMs;
}

interface Holder {
  readonly pid: number;
  readonly started: string | null;
  readonly host?: string;
}

function isAlive(holder: Holder): boolean {
  const started = startOf(holder.pid);
  if (started !== null || holder.started !== null) return started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch {
    return false;
  }
}

function holderOf(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return null;
  }
}

/** When a process started (Linux), so that a number that the system used again is not taken for the old process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // One that has ended, and whose end nobody has asked for yet, holds nothing.
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
