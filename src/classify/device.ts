/** The main thread's handle on the device thread: start it, connect scan workers to it, release it. */
import { once } from "node:events";
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

  private constructor(worker: Worker, provider: string, notes: readonly string[]) {
    this.#worker = worker;
    this.provider = provider;
    this.notes = notes;
  }

  /**
   * Starts the thread and opens the session.
   *
   * @throws ScanError `environment` when the runtime or the model cannot be loaded, or CUDA was asked for and is absent
   */
  static async start(settings: DeviceSettings): Promise<DeviceThread> {
    const worker = new Worker(new URL("./device-thread.js", import.meta.url), { workerData: settings });
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

  /** Waits for the work that is waiting, releases the session and lets the thread end. */
  async release(): Promise<DeviceStats> {
    // Listened for before it can happen: the last message and the exit may come in one turn of the loop.
    const exit = once(this.#worker, "exit");
    // An error of the thread is told by `nextEvent`; here it must not be an unhandled one.
    exit.catch(() => {});
    this.#send({ kind: "release" }, []);
    const event = await nextEvent(this.#worker);
    await exit;
    return event.kind === "released" ? event.stats : { windows: 0, ids: 0, busyMs: 0 };
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
