/**
 * Engines of other languages, and tools: processes of their own that search the beginning of the same text. What they
 * count is compared with the expected count where they mean the same; where not, the row says why.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setUpPython } from "../corpus.mjs";
import { measure } from "../measure.mjs";

/** Rounds of a process. Few: these are far away from the others, and some take minutes. */
const rounds = 3;
/** Milliseconds after which a process is given up: build, rounds and the one that warms up. */
const timeoutMs = 240_000;

/**
 * An engine with the command that runs it.
 *
 * @typedef {object} Process
 * @property {string} name
 * @property {"hits" | "lines"} counts all matches, or lines with a match
 * @property {string} [differs] why it may count otherwise
 * @property {string} time what its processor time holds
 * @property {(files: { words: string, text: string }) => Promise<Result>} run
 */

/** @typedef {{ version: string, hits: number, build: number, rounds: number[] }} Result seconds of processor time */

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = here("../work/venv/bin/python");
const modules = here("../work/node/node_modules");
const jars = here("../work/java");

/**
 * All of them: those that can run here, the others with the command that installs them.
 *
 * @returns {{ present: Process[], missing: { name: string, install: string }[] }}
 */
export function listProcesses() {
  const present = [];
  const missing = [];
  const add = (runs, process, install) =>
    runs ? present.push(process) : missing.push({ name: process.name, install });
  add(
    existsSync(python) && answers(python, ["-c", "import ahocorasick_rs"]),
    {
      name: "Python ahocorasick_rs",
      counts: "hits",
      time: "matching only; thread",
      run: printed((files) => [python, here("../peers/ahocorasick_match.py"), files.words, files.text, String(rounds)]),
    },
    setUpPython,
  );
  add(
    answers("rg", ["--version"]),
    {
      name: "ripgrep -F -c",
      counts: "lines",
      time: "process, less one on an empty file",
      run: ripgrep,
    },
    "apt install ripgrep",
  );
  add(
    existsSync(join(modules, "mint-filter")),
    {
      name: "JS mint-filter",
      counts: "hits",
      differs: "it ignores case, and where several words end at one place it reports one",
      time: "matching only; process",
      run: printed((files) => [
        ...[process.execPath, here("../peers/mint_filter.mjs"), modules, files.words, files.text, String(rounds)],
      ]),
    },
    "npm install --prefix bench/work/node mint-filter@4.0.3",
  );
  add(
    existsSync(jars) &&
      readdirSync(jars).some((name) => name.startsWith("sensitive-word")) &&
      answers("java", ["-version"]),
    {
      name: "Java sensitive-word",
      counts: "hits",
      differs: "it takes the first match and goes on behind it, without overlaps",
      time: "matching only; thread",
      run: printed((files) => [
        ...[
          "java",
          "-cp",
          join(jars, "*"),
          here("../peers/SensitiveWord.java"),
          files.words,
          files.text,
          String(rounds),
        ],
      ]),
    },
    "mvn -f bench/peers/pom.xml dependency:copy-dependencies -DoutputDirectory=../work/java",
  );
  return { present, missing };
}

/**
 * Runs one, and compares its count.
 *
 * @param {Process} process
 * @param {{ words: string, text: string, expected: { bytes: number, hits: number, lines: number } }} files
 */
export async function runProcess(process, { words, text, expected }) {
  const { name, counts, time, differs = null } = process;
  const row = { name, counts, time, differs, bytes: expected.bytes, expected: expected[counts] };
  try {
    const result = await process.run({ words, text });
    const wrong = differs === null && result.hits !== expected[counts];
    return { ...row, ...result, rounds: wrong ? [] : result.rounds, failed: wrong ? "its count differs" : null };
  } catch (error) {
    // A peer that gives up is a row without a time, not the end of the run.
    const late = error.message.includes("SIGTERM");
    return { ...row, rounds: [], failed: late ? `not done after ${timeoutMs / 1000} s` : error.message.slice(0, 300) };
  }
}

/** A command that measures itself and prints a result as JSON. */
function printed(command) {
  return async (files) => {
    const run = await measure(command(files), { timeoutMs });
    if (run.exitCode !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout);
  };
}

/** ripgrep does not tell what its automaton took; on an empty file it does nothing else. */
async function ripgrep({ words, text }) {
  const empty = join(dirname(text), "empty.txt");
  writeFileSync(empty, "");
  const command = ["rg", "--no-config", "-j1", "-a", "-F", "-c", "--no-filename", "-f", words];
  const build = [];
  const whole = [];
  let hits = 0;
  for (let round = 0; round < rounds; round++) {
    build.push((await measure([...command, empty], { timeoutMs })).cpuS);
    const run = await measure([...command, text], { timeoutMs });
    whole.push(run.cpuS);
    hits = Number(run.stdout.trim() || "0");
  }
  const least = Math.min(...build);
  const version = execFileSync("rg", ["--version"], { encoding: "utf8" }).split(/\s+/)[1];
  return { version, hits, build: least, rounds: whole.map((seconds) => seconds - least) };
}

function answers(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
