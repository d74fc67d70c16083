/** The main thread's handle on the device thread: start it, connect scan workers to it, release it. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { ScanError } from "../errors.ts";
import type { DeviceCommand, DeviceEvent, DeviceSettings, DeviceStats } from "./messages.ts";

/** A running device thread. */
export class DeviceThread {
  readonly #worker: Worker;
  /** What executes the model: `cpu` or `cuda`. */
  readonly provider: string;
  /** What deserves to be said aloud, such as that CUDA could not be used. */
  readonly notes: readonly string[];
  /** Resolves when the thread has ended: with what it failed of, or null. */
  readonly #ended: Promise<ScanError | null>;
  #failure: ScanError | null = null;

  private constructor(worker: Worker, provider: string, notes: readonly string[]) {
    this.#worker = worker;
    this.provider = provider;
    this.notes = notes;
    this.#ended = new Promise((resolve) => {
      worker.on("error", (error: Error) => {
        this.#failure ??= new ScanError("environment", `the device thread failed: ${error.message}`, { cause: error });
      });
      worker.on("exit", () => resolve(this.#failure));
    });
  }

  /** What the thread failed of; null while it runs. Those who wait for scores only learn that it has ended. */
  async failure(): Promise<ScanError | null> {
    // The ports of a thread close shortly before its end is told.
    return Promise.race([this.#ended, new Promise<null>((resolve) => setTimeout(resolve, 200, null))]);
  }

  /**
   * Starts the thread and opens the session.
   *
   * @throws ScanError `environment` when the runtime or the model cannot be loaded, or CUDA was asked for and is absent
   */
  static async start(settings: DeviceSettings): Promise<DeviceThread> {
    // What it makes and drops is mostly buffers outside its heap; a small heap is collected more often, and they with it.
    const resourceLimits = { maxYoungGenerationSizeMb: 2 };
    const script = new URL("./device-thread.js", import.meta.url);
    const worker = new Worker(script, { workerData: settings, resourceLimits });
    const event = await nextEvent(worker);
    if (event.kind === "ready") return new DeviceThread(worker, event.provider, event.notes);
    const why = event.kind === "failed" ? event.message : "it stopped at once";
    throw new ScanError("environment", `the classifier ${settings.onnxPath} cannot run: ${why}`);
  }

  /** A port for one scan task: score requests go in, replies come out. Transfer it to the worker. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#send({ kind: "connect", port: port1 }, [port1]);
    return port2;
  }

  /** Waits for the work that is waiting, releases the session and lets the thread end. Of one that has failed: nothing. */
  async release(): Promise<DeviceStats> {
    let stats: DeviceStats = { windows: 0, ids: 0, busyMs: 0 };
    this.#worker.on("message", (event: DeviceEvent) => {
      if (event.kind === "released") stats = event.stats;
    });
    this.#send({ kind: "release" }, []);
    await this.#ended;
    return stats;
  }

  #send(command: DeviceCommand, transfer: MessagePort[]): void {
    this.#worker.postMessage(command, transfer);
  }
}

function nextEvent(worker: Worker): Promise<DeviceEvent> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    };
    const onMessage = (event: DeviceEvent) => {
      done();
      resolve(event);
    };
    const onError = (error: Error) => {
      done();
      reject(new ScanError("environment", `the device thread failed: ${error.message}`, { cause: error }));
    };
    const onExit = (code: number) => {
      done();
      reject(new ScanError("environment", `the device thread ended early, exit code ${code}`));
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}
