/** A scan worker's end of the port to the device thread. */
import type { MessagePort } from "node:worker_threads";
import { ScanError } from "../errors.ts";
import type { Pack, ScoreReply, ScoreRequest } from "./messages.ts";

/** Buffers of ids that are not under way. */
export class IdBuffers {
  #free: ArrayBuffer[] = [];

  /** A buffer of at least so many bytes, whatever is in it. */
  take(bytes: number): ArrayBuffer {
    const fits = this.#free.findIndex((buffer) => buffer.byteLength >= bytes);
    // One that is too small is not kept: the next batch will be as large.
    const [buffer] = this.#free.splice(Math.max(fits, 0), 1);
    return buffer !== undefined && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(Math.ceil(bytes * 1.25));
  }

  give(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
  }
}

/** Sends packs and gets their sums, in order; several requests may be under way. */
export class Scores {
  readonly #port: MessagePort;
  readonly #buffers: IdBuffers;
  readonly #waiting = new Map<number, { resolve(sums: readonly Int32Array[]): void; reject(error: Error): void }>();
  #next = 0;
  #isClosed = false;

  constructor(port: MessagePort, buffers: IdBuffers) {
    this.#port = port;
    this.#buffers = buffers;
    port.on("message", (reply: ScoreReply) => {
      buffers.give(reply.ids);
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

  /** Sums per pack, row-major [rows, outputs]. `fill` writes the ids of the packs, one behind the other. */
  request(packs: readonly Pack[], fill: (ids: Buffer) => void): Promise<readonly Int32Array[]> {
    if (this.#isClosed) return Promise.reject(deviceEnded());
    const size = packs.reduce((sum, { rows, length }) => sum + rows * length, 0);
    const ids = new Int32Array(this.#buffers.take(size * Int32Array.BYTES_PER_ELEMENT), 0, size);
    fill(Buffer.from(ids.buffer, 0, ids.byteLength));
    const sequence = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(sequence, { resolve, reject });
      const request: ScoreRequest = { sequence, packs, ids };
      this.#port.postMessage(request, [ids.buffer]);
    });
  }

  close(): void {
    this.#port.close();
  }
}

function deviceEnded(): ScanError {
  return new ScanError("environment", "the device thread ended while scores were waited for");
}
