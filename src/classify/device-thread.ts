/**
 * The thread that owns the ONNX session. `run()` blocks its thread, and ending a thread inside it aborts the process:
 * so this thread is never terminated; it is told to release, drains, and ends by itself. The only importer of
 * onnxruntime-node.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-node";
import { messageOf } from "../errors.ts";
import type { DeviceCommand, DeviceEvent, DeviceSettings, Pack, ScoreReply, ScoreRequest } from "./messages.ts";

const settings = workerData as DeviceSettings;
const main = parentPort as MessagePort;
const stats = { windows: 0, ids: 0, busyMs: 0 };

type Ort = typeof import("onnxruntime-node");

/** Only fatal messages: a provider that cannot load is an error that we report ourselves. */
const fatalOnly = 4;

async function open(ort: Ort): Promise<{ session: InferenceSession; provider: string; notes: string[] }> {
  const common: InferenceSession.SessionOptions = {
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    logSeverityLevel: fatalOnly,
  };
  // The runtime logs to stderr on its own account; what it cannot do comes as an error, which we report.
  ort.env.logLevel = "fatal";
  const notes: string[] = [];
  if (settings.device !== "cpu") {
    try {
      // Without the fall-back a graph that CUDA runs only in part is refused, so "cuda" is never partly the CPU.
      const session = await ort.InferenceSession.create(settings.onnxPath, {
        ...common,
        executionProviders: ["cuda"],
        extra: { session: { disable_cpu_ep_fallback: "1" } },
      });
      return { session, provider: "cuda", notes };
    } catch (error) {
      const why = messageOf(error).split("\n")[0] ?? "";
      if (settings.device === "cuda") throw new Error(`CUDA was asked for and cannot be used: ${why}`);
      notes.push(`CUDA is not used: ${why}`);
    }
  }
  const session = await ort.InferenceSession.create(settings.onnxPath, { ...common, executionProviders: ["cpu"] });
  return { session, provider: "cpu", notes };
}

async function score(
  ort: Ort,
  session: InferenceSession,
  pack: Pack,
  ids: Int32Array<ArrayBuffer>,
): Promise<Int32Array<ArrayBuffer>> {
  const started = performance.now();
  const input = new ort.Tensor("int32", ids, [pack.rows, pack.length]);
  const result = await session.run({ [settings.input]: input });
  const sums = result[settings.output];
  if (sums === undefined || sums.type !== "int32" || sums.size !== pack.rows * settings.outputs) {
    throw new Error(
      `output "${settings.output}" is ${sums?.type} ${JSON.stringify(sums?.dims)}; ` +
        `int32 [${pack.rows}, ${settings.outputs}] was expected`,
    );
  }
  stats.busyMs += performance.now() - started;
  stats.windows += pack.rows;
  stats.ids += ids.length;
  // A copy of its own: the tensor's memory belongs to the session.
  return new Int32Array(sums.data as Int32Array);
}

function serve(ort: Ort, session: InferenceSession, port: MessagePort, work: Work): void {
  port.on("message", (request: ScoreRequest) => {
    const { sequence, ids } = request;
    work.add(async () => {
      let reply: ScoreReply;
      try {
        const sums: Int32Array<ArrayBuffer>[] = [];
        let at = 0;
        for (const pack of request.packs) {
          const size = pack.rows * pack.length;
          sums.push(await score(ort, session, pack, ids.subarray(at, at + size)));
          at += size;
        }
        reply = { sequence, ids: ids.buffer, sums };
      } catch (error) {
        reply = { sequence, ids: ids.buffer, error: messageOf(error) };
      }
      // The buffer of the ids goes back to be used again: what is left to the collector is freed late.
      port.postMessage(reply, [ids.buffer, ...("sums" in reply ? reply.sums.map((sums) => sums.buffer) : [])]);
    });
  });
}

/** Runs one piece of work after the other, in the order of arrival. */
class Work {
  #last: Promise<void> = Promise.resolve();

  add(step: () => Promise<void>): void {
    this.#last = this.#last.then(step);
  }

  drained(): Promise<void> {
    return this.#last;
  }
}

function say(event: DeviceEvent): void {
  main.postMessage(event);
}

async function start(): Promise<void> {
  let ort: Ort;
  try {
    const module = await import("onnxruntime-node");
    ort = "default" in module ? (module.default as Ort) : module;
  } catch (error) {
    say({ kind: "failed", message: `onnxruntime-node cannot be loaded: ${messageOf(error)}` });
    return;
  }
  try {
    const { session, provider, notes } = await open(ort);
    const work = new Work();
    main.on("message", (command: DeviceCommand) => {
      if (command.kind === "connect") serve(ort, session, command.port, work);
      else {
        work.add(async () => {
          await session.release();
          say({ kind: "released", stats });
          main.close();
        });
      }
    });
    say({ kind: "ready", provider, notes });
  } catch (error) {
    say({ kind: "failed", message: messageOf(error) });
  }
}

await start();
