/** What this machine offers, what of it is used, and why: whether the main job can run here. */
import { execFileSync, type StdioOptions } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAddon } from "./addon/addon.ts";
import { compileLibrary } from "./addon/library.ts";
import { DeviceThread } from "./classify/device.ts";
import type { Device } from "./classify/messages.ts";
import { type FastModel, loadModel } from "./classify/model.ts";
import { shipped } from "./config/inputs.ts";
import { loadLibrary } from "./config/library-file.ts";
import { messageOf } from "./errors.ts";
import { defaultPolicy, requiredStages } from "./policy/policy.ts";
import { usableMemory } from "./pool/memory.ts";

/** One thing that was looked at. */
export interface Check {
  readonly id: string;
  /** `used`: it is there and does its work; `unused`: it is there; `absent`: it is not; `failed`: it does not work. */
  readonly state: "used" | "unused" | "absent" | "failed";
  /** Whether the main job needs it: then it must be `used`. */
  readonly needed: boolean;
  /** What was found: a version, a name, a number with its unit; null for nothing. */
  readonly value: string | null;
  /** Why it is used or not. */
  readonly why: string;
}

/** All that was looked at. */
export interface Doctor {
  readonly schema: "corpusgate.doctor/1";
  /** Whether `scan` can run with its defaults. */
  readonly result: "ok" | "failed";
  readonly checks: readonly Check[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
/** Of a program that is asked: its answer alone. */
const quiet: StdioOptions = ["ignore", "pipe", "ignore"];
const leastNode = [20, 17] as const;

/** Looks at everything. Never throws for what it finds. */
export async function examine(): Promise<Doctor> {
  const checks: Check[] = [versionCheck(), nodeCheck(), addonCheck()];
  const [, , addon] = checks;
  checks.push(...(addon?.state === "used" ? [kernelCheck(), vectorscanCheck(), libraryCheck()] : []));
  checks.push(policyCheck());
  const model = attempt("model", () => {
    const loaded = loadModel(shipped.fastModel);
    return {
      value: loaded,
      check: used("model", loaded.id, `${loaded.outputs.length} outputs, digest ${loaded.digest}`),
    };
  });
  checks.push(model.check, runtimeCheck());
  checks.push(...(await providerChecks(model.value)));
  checks.push(gpuCheck(), tpmCheck(), memoryCheck(), coreCheck(), diskCheck());
  const isWell = checks.every(({ needed, state }) => !needed || state === "used");
  return { schema: "corpusgate.doctor/1", result: isWell ? "ok" : "failed", checks };
}

function used(id: string, value: string, why: string, needed = true): Check {
  return { id, state: "used", needed, value, why };
}

function failed(id: string, error: unknown, needed = true): Check {
  return { id, state: "failed", needed, value: null, why: messageOf(error) };
}

/** Runs a check that may throw. */
function attempt<T>(id: string, run: () => { value: T; check: Check }): { value: T | null; check: Check } {
  try {
    return run();
  } catch (error) {
    return { value: null, check: failed(id, error) };
  }
}

function versionCheck(): Check {
  return attempt("corpusgate", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return { value: null, check: used("corpusgate", version, `installed in ${root}`) };
  }).check;
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  const platform = `${process.platform}-${process.arch}`;
  const least = leastNode.join(".");
  if (isNew) return used("node", process.version, `${least} or newer is needed; on ${platform}`);
  return { id: "node", state: "failed", needed: true, value: process.version, why: `${least} or newer is needed` };
}

function addonCheck(): Check {
  return attempt("addon", () => {
    const hash = loadAddon().sourceHash();
    return { value: null, check: used("addon", hash, sourcesInWords(hash)) };
  }).check;
}

/** Whether the addon is built from the sources that lie beside it, if any do. */
function sourcesInWords(hash: string): string {
  const script = join(root, "native", "build.mjs");
  if (!existsSync(script) || !existsSync(join(root, "crates"))) return "hash of its sources, which are not here";
  try {
    const options = { encoding: "utf8" as const, timeout: 60_000, stdio: quiet };
    const ours = execFileSync(process.execPath, [script, "--hash"], options).trim();
    return ours === hash
      ? "built from the sources that lie here"
      : `built from other sources than lie here (${ours}): npm run build makes it anew`;
  } catch (error) {
    return `the hash of the sources that lie here cannot be told: ${messageOf(error).split("\n")[0]}`;
  }
}

function kernelCheck(): Check {
  return attempt("kernels", () => {
    const { kernels } = loadAddon().machine();
    const [best = "none"] = kernels;
    return {
      value: null,
      check: used("kernels", best, `the fastest of those that this processor runs: ${kernels.join(", ")}`),
    };
  }).check;
}

function vectorscanCheck(): Check {
  return attempt("vectorscan", () => {
    const { name, path, isUsed, why } = loadAddon().machine().vectorscan;
    const state = isUsed ? "used" : name !== null || path !== null ? "unused" : "absent";
    const reason = isUsed ? `loaded as ${path}` : `regular expressions run without it: ${why}`;
    return {
      value: null,
      check: { id: "vectorscan", state, needed: false, value: name ?? path, why: reason } as Check,
    };
  }).check;
}

function libraryCheck(): Check {
  return attempt("library", () => {
    const { name, version, entries, options, compiled, digest } = loadLibrary(shipped.library);
    const { routes } = compileLibrary(entries, { ...options, overlap: "all" }, compiled);
    const ways = routes.map(({ name, patterns, kernel }) => `${name} ${patterns} (${kernel})`).join(", ");
    const why = `the default: ${entries.length} entries, ${ways}, digest ${digest}`;
    return { value: null, check: used("library", `${name}, version ${version}`, why) };
  }).check;
}

function policyCheck(): Check {
  const stages = requiredStages(defaultPolicy).join(", ");
  return used("policy", "built-in", `the default: profile ${defaultPolicy.profile}, stages ${stages}`);
}

function runtimeCheck(): Check {
  return attempt("onnxruntime", () => {
    const require = createRequire(import.meta.url);
    let folder = dirname(require.resolve("onnxruntime-node"));
    while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    return { value: null, check: used("onnxruntime", version, `executes the classifier; in ${folder}`) };
  }).check;
}

/** Providers that open the classifier, and not those that the runtime was built with: these say nothing. */
async function providerChecks(model: FastModel | null): Promise<Check[]> {
  if (model === null)
    return [failed("onnx-cpu", "there is no model to open"), failed("onnx-cuda", "there is no model to open", false)];
  const open = async (device: Device): Promise<string | null> => {
    try {
      const { onnxPath, input, output, outputs } = model;
      const thread = await DeviceThread.start({ onnxPath, input, output, outputs: outputs.length, device, threads: 1 });
      await thread.release();
      return null;
    } catch (error) {
      return messageOf(error).replace(`the classifier ${model.onnxPath} cannot run: `, "");
    }
  };
  const [cpu, cuda] = [await open("cpu"), await open("cuda")];
  return [
    cpu === null
      ? used(
          "onnx-cpu",
          "cpu",
          cuda === null ? "opens the classifier; --device cpu asks for it" : "opens the classifier",
        )
      : failed("onnx-cpu", cpu),
    cuda === null
      ? used("onnx-cuda", "cuda", "opens the classifier; --device auto takes it", false)
      : { id: "onnx-cuda", state: "absent", needed: false, value: null, why: cuda },
  ];
}

function gpuCheck(): Check {
  const driver = "/proc/driver/nvidia/version";
  const version = existsSync(driver) ? (readFileSync(driver, "utf8").split("\n")[0] ?? "") : null;
  try {
    const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
    const options = { encoding: "utf8" as const, timeout: 20_000, stdio: quiet };
    const gpus = execFileSync("nvidia-smi", query, options).trim().replaceAll("\n", "; ");
    return {
      id: "gpu",
      state: "unused",
      needed: false,
      value: gpus,
      why: "told by nvidia-smi; onnx-cuda says whether it is used",
    };
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== "ENOENT";
    const why = isThere ? `nvidia-smi failed: ${messageOf(error).split("\n")[0]}` : "there is no nvidia-smi";
    return version === null
      ? {
          id: "gpu",
          state: isThere ? "failed" : "absent",
          needed: false,
          value: null,
          why: `${why} and no NVIDIA driver`,
        }
      : { id: "gpu", state: "unused", needed: false, value: version, why };
  }
}

function tpmCheck(): Check {
  const device = ["/dev/tpmrm0", "/dev/tpm0"].find((path) => existsSync(path));
  if (device === undefined) {
    return { id: "tpm", state: "absent", needed: false, value: null, why: "there is no /dev/tpmrm0 or /dev/tpm0" };
  }
  const major = "/sys/class/tpm/tpm0/tpm_version_major";
  const version = existsSync(major) ? `version ${readFileSync(major, "utf8").trim()}` : "of unknown version";
  return { id: "tpm", state: "unused", needed: false, value: `${device}, ${version}`, why: "scanning needs none" };
}

function memoryCheck(): Check {
  const [usable, all] = [usableMemory(), totalmem()];
  const limit = usable < all ? `the control group allows ${gibibytes(usable)}` : "no control group limits it";
  return used(
    "memory",
    gibibytes(usable),
    `of ${gibibytes(all)}: ${limit}; a scan stays within a quarter, or --memory`,
  );
}

function coreCheck(): Check {
  const [usable, all] = [availableParallelism(), cpus().length];
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const quota = "/sys/fs/cgroup/cpu.max";
  const [time = "max", period = "1"] = existsSync(quota) ? readFileSync(quota, "utf8").trim().split(" ") : [];
  const limit =
    time === "max" ? "" : `, whose control group allows the time of ${(Number(time) / Number(period)).toFixed(1)}`;
  return used("cores", `${usable}`, `of ${all}, ${model}${limit}; a scan starts a worker for each, or --workers`);
}

function diskCheck(): Check {
  return attempt("disk", () => {
    const wanted = resolve("corpusgate-run");
    let folder = wanted;
    while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(folder);
    return {
      value: null,
      check: used("disk", `${gibibytes(bavail * bsize)} free`, `${wanted}, the default --out, can be written`),
    };
  }).check;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
