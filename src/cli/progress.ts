/** Progress on stderr: a line that is redrawn on a terminal, plain lines elsewhere, NDJSON for machines, or nothing. */
import { costOf } from "../corpus/order.ts";
import type { ScanEvent } from "../scan.ts";
import { printable } from "./output.ts";

/** How progress is shown. */
export type ProgressStyle = "terminal" | "lines" | "json" | "quiet";

/** How progress is shown on stderr as it is. */
export function progressStyle(json: boolean, quiet: boolean): ProgressStyle {
  return quiet ? "quiet" : json ? "json" : process.stderr.isTTY ? "terminal" : "lines";
}

/** Milliseconds between updates. */
const interval: Readonly<Record<ProgressStyle, number>> = { terminal: 100, lines: 5000, json: 1000, quiet: Infinity };

/** Follows the events of a scan. */
export class Progress {
  readonly #style: ProgressStyle;
  readonly #started = performance.now();
  #shown = Number.NEGATIVE_INFINITY;
  #begun = false;
  #planned = 0;
  #donePlanned = 0;
  /** The same as costs, which tell the time that is left: all, and those of shards that were done before. */
  #cost = { planned: 0, before: 0, done: 0 };
  #state = { textBytes: 0, records: 0, flagged: 0, unread: 0, shards: 0, shardsDone: 0 };
  /** Bytes of text read of the shards that are not done. */
  #open = new Map<string, number>();
  #done = new Set<string>();
  #shards = new Map<string, { readonly bytes: number; readonly cost: number }>();

  constructor(style: ProgressStyle) {
    this.#style = style;
  }

  /** Takes one event. */
  on(event: ScanEvent): void {
    const state = this.#state;
    switch (event.kind) {
      case "plan":
        this.#begun = true;
        state.shards = event.done.length + event.open.length;
        for (const shard of [...event.done, ...event.open]) {
          const cost = costOf(event.plan, shard);
          this.#shards.set(shard.id, { bytes: shard.bytes, cost });
          this.#planned += shard.bytes;
          this.#cost.planned += cost;
        }
        for (const { id } of event.done) {
          const shard = this.#shards.get(id);
          this.#donePlanned += shard?.bytes ?? 0;
          this.#cost.before += shard?.cost ?? 0;
        }
        this.#cost.done = this.#cost.before;
        for (const file of event.plan.files) {
          if (file.problem !== null) this.#say(`${file.path}: ${file.problem.code}: ${file.problem.detail}`);
        }
        break;
      case "note":
        this.#say(event.message);
        break;
      case "second-pass":
        this.#say(`second pass over ${event.sources.join(", ")}: the first one kept too few records for the draw`);
        break;
      case "progress":
        state.textBytes += event.progress.bytes;
        state.records += event.progress.records;
        state.flagged += event.progress.flagged;
        state.unread += event.progress.unread;
        // What a worker posts may come after its shard is done.
        if (!this.#done.has(event.progress.shard)) {
          this.#open.set(event.progress.shard, (this.#open.get(event.progress.shard) ?? 0) + event.progress.bytes);
        }
        break;
      case "shard":
        state.shardsDone++;
        // A shard that is read once more was planned once.
        if (!this.#done.has(event.shard.id)) {
          this.#donePlanned += event.shard.bytes;
          this.#cost.done += this.#shards.get(event.shard.id)?.cost ?? 0;
        }
        this.#open.delete(event.shard.id);
        this.#done.add(event.shard.id);
        break;
    }
    this.#show();
  }

  /** Ends the line that was redrawn. */
  end(): void {
    // A scan that was refused before it had a plan has made no progress that could be shown.
    if (!this.#begun) return;
    this.#shown = Number.NEGATIVE_INFINITY;
    this.#show();
    if (this.#style === "terminal") process.stderr.write("\n");
  }

  #say(message: string): void {
    if (this.#style === "quiet") return;
    if (this.#style === "json") process.stderr.write(`${JSON.stringify({ kind: "note", message })}\n`);
    else if (this.#style === "terminal") process.stderr.write(`\r\u001b[K${printable(message)}\n`);
    else process.stderr.write(`${printable(message)}\n`);
  }

  #show(): void {
    const now = performance.now();
    if (this.#style === "quiet" || now - this.#shown < interval[this.#style]) return;
    this.#shown = now;
    const seconds = (now - this.#started) / 1000;
    const { textBytes, records, flagged, unread } = this.#state;
    const done = this.#donePlanned + this.#openSum("bytes");
    const rate = textBytes / 1e6 / seconds;
    const share = this.#planned === 0 ? 1 : done / this.#planned;
    const eta = this.#secondsLeft(seconds);
    if (this.#style === "json") {
      const { shards, shardsDone } = this.#state;
      const line = {
        kind: "progress",
        seconds: round(seconds),
        plannedBytes: this.#planned,
        doneBytes: done,
        shards,
        shardsDone,
        textBytes,
        records,
        flagged,
        unread,
        etaSeconds: round(eta),
      };
      process.stderr.write(`${JSON.stringify(line)}\n`);
      return;
    }
    const line =
      `${(share * 100).toFixed(0).padStart(3)} %  ${megabytes(done)} of ${megabytes(this.#planned)}  ` +
      `${rate.toFixed(1)} MB/s of text  ${records} records  ${flagged} flagged  ${unread} not readable` +
      (eta > 1 ? `  ${Math.ceil(eta)} s left` : "");
    process.stderr.write(this.#style === "terminal" ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** What is left, at the pace of this run: what an earlier one did says nothing of it. */
  #secondsLeft(seconds: number): number {
    const { planned, before, done } = this.#cost;
    const now = done + this.#openSum("cost");
    return now > before && now < planned ? (seconds * (planned - now)) / (now - before) : 0;
  }

  /** Of the shards in hand: stored bytes or cost, told from their text; of compressed files the bytes are too many. */
  #openSum(of: "bytes" | "cost"): number {
    let sum = 0;
    for (const [shard, text] of this.#open) sum += Math.min(text, this.#shards.get(shard)?.[of] ?? 0);
    return sum;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
