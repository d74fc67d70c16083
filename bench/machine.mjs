/** What a figure depends on beside the code: machine and versions. Nothing that names a host, a user or a path. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Processor features that the engines choose their kernels by. */
const features = [
  ...["avx2", "bmi2", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vbmi", "avx512_vbmi2", "avx512_vnni"],
  ...["gfni", "asimd", "sve2"],
];

/** The machine, and how busy it is now. */
export function describeMachine() {
  const info = readFileSync("/proc/cpuinfo", "utf8");
  const flags = new Set((/^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1] ?? "").trim().split(" "));
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    features: features.filter((flag) => flags.has(flag)),
    memoryBytes: totalmem(),
    kernel: release(),
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** Python packages that were timed, or that files were made with. */
const packages = ["ahocorasick_rs", "datatrove", "isal", "orjson", "polars", "pyarrow"];

/**
 * Versions of everything that was timed; null for what is not installed.
 *
 * @param {string} python of the virtual environment
 * @param {string} dolmaPython of dolma's own
 */
export function describeVersions(python, dolmaPython) {
  const json = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
  const version = (command, name) =>
    firstLine(command, ["-c", `from importlib.metadata import version; print(version("${name}"))`]);
  return {
    corpusgate: json("../package.json").version,
    commit: firstLine("git", ["rev-parse", "--short=12", "HEAD"]),
    // Figures of a tree with changes are not those of its commit.
    changed: firstLine("git", ["status", "--porcelain", "--", "src", "crates", "native", "models"]) !== "",
    // What the addon was built from: it says more than the commit while a tree has changes.
    addon: createRequire(import.meta.url)("../native/index.cjs")
      .sourceHash()
      .slice(0, 12),
    onnxruntime: json("../node_modules/onnxruntime-node/package.json").version,
    node: process.versions.node,
    ripgrep: firstLine("rg", ["--version"]),
    python: firstLine(python, ["-c", "import platform; print(platform.python_version())"]),
    ...Object.fromEntries(packages.map((name) => [name, version(python, name)])),
    dolma: version(dolmaPython, "dolma"),
  };
}

function firstLine(command, args) {
  try {
    const cwd = new URL("..", import.meta.url);
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0];
  } catch {
    return null;
  }
}
