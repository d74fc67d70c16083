/** A scan worker's end of the port to the device thread. */
import type { MessagePort } from "node:worker_threads";
import { ScanError } from "../errors.ts";
import type { Pack, ScoreReply, ScoreRequest } from "./messages.ts";

/** Sends packs and gets their sums, in order; several requests may be under way. */
export class Scores {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, { resolve(sums: readonly Int32Array[]): void; reject(error: Error): void }>();
  #next = 0;
  #isClosed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (reply: ScoreReply) => {
      const waiting = this.#waiting.get(reply.sequence);
      this.#waiting.delete(reply.sequence);
      if ("sums" in reply) waiting?.resolve(reply.sums);
      else waiting?.reject(new ScanError("environment", `the classifier failed: ${reply.error}`));
    });
    port.on("close", () => {
      this.#isClosed = true;
      for (const { reject } of this.#waiting.values()) reject(deviceEnded());
    });
  }

  /** Sums per pack, row-major [rows, outputs]. The packs' buffers are gone after the call. */
  request(packs: readonly Pack[]): Promise<readonly Int32Array[]> {
    if (this.#isClosed) return Promise.reject(deviceEnded());
    const sequence = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(sequence, { resolve, reject });
      const request: ScoreRequest = { sequence, packs };
      this.#port.postMessage(
        request,
        packs.map((pack) => pack.ids.buffer),
      );
    });
  }

  close(): void {
    this.#port.close();
  }
}

function deviceEnded(): ScanError {
  return new ScanError("environment", "the device thread ended while scores were waited for");
}
