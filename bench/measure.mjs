/**
 * Runs one command and measures it from outside: wall time, processor time, memory, and how much of the machine others
 * took meanwhile. Linux only: it reads /proc.
 */
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/**
 * What one run took.
 *
 * @typedef {object} Run
 * @property {number} wallS
 * @property {number} cpuS user and system time of the process and all that it waited for
 * @property {number} peakRssBytes highest resident memory, mapped files included, summed over the processes
 * @property {number} peakAnonBytes highest sum of memory that is not a mapped file, as sampled
 * @property {number} othersShare share of the machine's processor time, 0..1, that went to anyone else, thieves of
 *   virtual time included
 * @property {number} load1 load average of the last minute before the run
 * @property {number} exitCode
 * @property {string} stdout
 * @property {string} stderr its end
 */

/** Milliseconds between two looks at memory. A look takes well under a millisecond. */
const sampleMs = 50;
const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/**
 * Runs a command to its end. One at a time: processor time is that of all children of this process.
 *
 * @param {readonly string[]} argv
 * @param {{ cwd?: string, env?: Record<string, string>, timeoutMs?: number }} [options] `env` is added to ours; a command
 *   that takes longer is ended, which is an error
 * @returns {Promise<Run>}
 */
export async function measure(argv, { cwd, env, timeoutMs } = {}) {
  const load1 = loadavg()[0];
  const [machine, own, children] = [machineTicks(), ownTicks(), childTicks()];
  const started = performance.now();
  const child = spawn(argv[0], argv.slice(1), {
    ...{ cwd, env: { ...process.env, ...env }, timeout: timeoutMs },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const memory = new Memory(child.pid);
  const sampling = setInterval(() => memory.sample(), sampleMs);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr = (stderr + text).slice(-4000)));
  // The wall ends with the process; what it wrote may still be on its way through the pipe.
  let wallS = 0;
  child.on("exit", () => (wallS = (performance.now() - started) / 1000));
  const exitCode = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal));
  }).finally(() => clearInterval(sampling));
  const childS = (childTicks() - children) / ticksPerSecond;
  // A process that nobody waited for takes its processor time with it.
  if (memory.cpuTicks() / ticksPerSecond > childS * 1.02 + 0.1) {
    const seenS = memory.cpuTicks() / ticksPerSecond;
    throw new Error(`${argv.join(" ")}\nis seen to take ${seenS} s of processor time, and ${childS} s are counted`);
  }
  const ownS = (ownTicks() - own) / ticksPerSecond;
  const busyS = (machineTicks() - machine) / ticksPerSecond;
  if (typeof exitCode !== "number" || exitCode >= 64) {
    throw new Error(`${argv.join(" ")}\nended with ${exitCode}:\n${stderr}`);
  }
  return {
    wallS,
    cpuS: childS,
    peakRssBytes: memory.peakRss(),
    peakAnonBytes: memory.peakAnon,
    othersShare: Math.max(0, busyS - childS - ownS) / (wallS * cpus().length),
    load1,
    exitCode,
    stdout,
    stderr,
  };
}

/** The memory of a process and its descendants, and the processor time that each was last seen to have taken. */
class Memory {
  #root;
  #peaks = new Map();
  #ticks = new Map();
  peakAnon = 0;

  constructor(root) {
    this.#root = root;
  }

  sample() {
    let anon = 0;
    for (const pid of treeOf(this.#root)) {
      const status = read(`/proc/${pid}/status`);
      const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      this.#peaks.set(pid, Math.max(this.#peaks.get(pid) ?? 0, kib("VmHWM") * 1024));
      anon += kib("RssAnon") * 1024;
      const fields = statFields(read(`/proc/${pid}/stat`));
      if (fields.length > 1) this.#ticks.set(pid, fields[14 - 3] + fields[15 - 3]);
    }
    this.peakAnon = Math.max(this.peakAnon, anon);
  }

  /** The kernel keeps each process's highest value, so a short peak between two looks counts as well. */
  peakRss() {
    return [...this.#peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Their own, without their children's. */
  cpuTicks() {
    return [...this.#ticks.values()].reduce((sum, ticks) => sum + ticks, 0);
  }
}

/** A process and its descendants, those of every thread. */
function treeOf(pid) {
  const pids = [pid];
  for (let at = 0; at < pids.length; at++) {
    let threads = [];
    try {
      threads = readdirSync(`/proc/${pids[at]}/task`);
    } catch {
      continue; // ended meanwhile
    }
    for (const thread of threads) {
      const children = read(`/proc/${pids[at]}/task/${thread}/children`).trim();
      if (children !== "") pids.push(...children.split(" ").map(Number));
    }
  }
  return pids;
}

/** A file of /proc; nothing when its process has ended. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Fields of a `stat` of /proc behind the name, which may hold spaces: the first is field 3 of proc(5). */
function statFields(stat) {
  return stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
}

function selfStat() {
  return statFields(readFileSync("/proc/self/stat", "utf8"));
}

function ownTicks() {
  const fields = selfStat();
  return fields[14 - 3] + fields[15 - 3];
}

/** Ticks of children that ended and were waited for, with their own children. */
function childTicks() {
  const fields = selfStat();
  return fields[16 - 3] + fields[17 - 3];
}

/** Ticks that the machine's processors were busy or stolen: all but idle and waiting for disks. */
function machineTicks() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}
