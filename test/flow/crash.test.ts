/**
 * Workers that fail and processes that crash: the shard at fault is found and reported, everything else is scanned, and
 * what nobody can mend ends with an error that says so.
 */
import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { type Ended, fromRoot, newFolder, reportOf, reportTextOf, start, startCorpusgate } from "./_command.ts";
import { type FileSpec, writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const lines = (text: string): FileSpec => ({
  lines: Array.from({ length: 40 }, (_, n) => ({ id: n, text: `${text} ${n}` })),
});
const arrow = (text: string): FileSpec => ({
  arrow: {
    id: Array.from({ length: 30 }, (_, n) => `${n}`),
    text: Array.from({ length: 30 }, (_, n) => `${text} ${n}`),
  },
});

/** A corpus of files, each a source, and the arguments that scan it. */
function prepare(files: Readonly<Record<string, FileSpec>>): { folder: string; args: string[] } {
  const folder = newFolder();
  writeFiles(folder, {
    "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
  });
  writeFiles(join(folder, "data"), files);
  const args = [
    "scan",
    "data",
    "--library",
    "library.yaml",
    "--policy",
    "policy.yaml",
    "--out",
    "run",
    "--workers",
    "2",
  ];
  return { folder, args };
}

/** Scans with workers that fail as files are named. */
function scanFailing(folder: string, args: readonly string[]): Promise<Ended> {
  return start(process.execPath, [fromRoot("test/flow/_failing-command.mjs"), ...args], { cwd: folder }).ended;
}

const sound = (folder: string): Report => expectSound(reportTextOf(join(folder, "run")) ?? "");
const statusOf = ({ files }: Report) => Object.fromEntries(files.map(({ path, status }) => [path, status]));
const sourceOf = (report: Report, id: string) => report.sources.find((source) => source.id === id);

describe("a worker that fails", () => {
  it.each([
    ["throws", "a fault of the test"],
    ["exits", "worker exited with code: 3"],
    ["heap", "Worker terminated due to reaching memory limit: JS heap out of memory"],
  ])("twice (%s) gives its shard up, and the scan goes on", async (how, why) => {
    const { folder, args } = prepare({
      [`${how}.jsonl`]: lines("fine"),
      "a.jsonl": lines("fine"),
      "z.jsonl": lines("fine"),
    });
    const { code, stderr } = await scanFailing(folder, args);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toContain(`${how}.jsonl, bytes 0 to `);
    expect(stderr).toContain("it is scanned again");
    const report = sound(folder);
    expect(statusOf(report)).toEqual({ [`${how}.jsonl`]: "worker-died", "a.jsonl": "scanned", "z.jsonl": "scanned" });
    expect(report.files.find(({ status }) => status !== "scanned")?.reason).toContain(`it failed twice: ${why}`);
    // Lines cannot be counted without being read.
    expect(sourceOf(report, how)).toMatchObject({ rows: 0, gate: { result: "not-decided" } });
    expect(sourceOf(report, how)?.gate.reasons).toContain("file-worker-died");
    expect(sourceOf(report, "a")).toMatchObject({ assessed: 40, gate: { result: "pass" } });
    expect(report.technicalSample).toMatchObject({ result: "not-decided", reasons: ["rows-not-countable"] });
  });

  it("counts the rows that blocks say, as records without a verdict", async () => {
    const { folder, args } = prepare({ "throws.arrow": arrow("fine"), "a.jsonl": lines("fine") });
    expect((await scanFailing(folder, args)).code).toBe(2);
    const report = sound(folder);
    expect(sourceOf(report, "throws")).toMatchObject({
      rows: 30,
      records: 30,
      assessed: 0,
      notAssessed: { "worker-died": 30 },
    });
    expect(statusOf(report)).toEqual({ "throws.arrow": "worker-died", "a.jsonl": "scanned" });
  });

  it("once changes nothing", async () => {
    const { folder, args } = prepare({ "throws-once.jsonl": lines("fine"), "exits-once.jsonl": lines("smuggle") });
    const { code, stderr } = await scanFailing(folder, args);
    expect(code).toBe(1);
    expect(stderr).toContain("it is scanned again");
    const report = sound(folder);
    expect(report.totals).toMatchObject({ records: 80, assessed: 80, flagged: 40 });
  });

  it("is not asked again by the same command, and is by --update", async () => {
    const { folder, args } = prepare({ "throws.jsonl": lines("fine"), "a.jsonl": lines("fine") });
    await scanFailing(folder, args);
    const before = reportTextOf(join(folder, "run"));
    const again = await startCorpusgate(args, { cwd: folder }).ended;
    expect(again.code).toBe(2);
    expect(reportTextOf(join(folder, "run"))).toBe(before);
    const updated = await startCorpusgate([...args, "--update"], { cwd: folder }).ended;
    expect(updated.code).toBe(0);
    expect(sound(folder).totals.assessed).toBe(80);
  });

  it("with every shard ends the scan: then it is the machine", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `throws-${n}.jsonl`);
    const { folder, args } = prepare(Object.fromEntries(names.map((name) => [name, lines("fine")])));
    const { code, stderr } = await scanFailing(folder, args);
    expect(code).toBe(70);
    expect(stderr).toContain("16 shards in a row could not be scanned");
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
    const updated = await startCorpusgate([...args, "--update"], { cwd: folder }).ended;
    expect(updated.code).toBe(0);
  });
});

describe("a process that crashes", () => {
  it.each(["segv", "abrt", "kill"])("of one shard (%s) scans all others, also those that were in hand", async (how) => {
    const { folder, args } = prepare({
      "a.jsonl": lines("smuggle"),
      [`${how}.jsonl`]: lines("fine"),
      "slow.jsonl": lines("fine"),
      "z.jsonl": lines("fine"),
    });
    const { code, stderr } = await scanFailing(folder, args);
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain(`the scan process ended by SIG${how.toUpperCase()}`);
    const report = sound(folder);
    expect(statusOf(report)).toEqual({
      ...{ "a.jsonl": "scanned", [`${how}.jsonl`]: "worker-died", "slow.jsonl": "scanned", "z.jsonl": "scanned" },
    });
    expect(report.files.find(({ status }) => status === "worker-died")?.reason).toBe(
      `bytes 0 to ${statSync(join(folder, "data", `${how}.jsonl`)).size}: the process that scanned it ended twice, by SIG${how.toUpperCase()}`,
    );
    expect(readdirSync(join(folder, "run")).toSorted()).toEqual(
      ["evidence", "report.html", "report.json", "run.json", "sample", "tally"].toSorted(),
    );
  });

  it("once changes nothing, and --fresh is not done again", async () => {
    const { folder, args } = prepare({
      "a.jsonl": lines("smuggle"),
      "segv-once.jsonl": lines("fine"),
      "z.jsonl": lines("fine"),
    });
    const reference = await startCorpusgate([...args, "--out", "whole"], { cwd: folder }).ended;
    expect(reference.code).toBe(1);
    const { code } = await scanFailing(folder, [...args, "--fresh"]);
    expect(code).toBe(1);
    expect(reportTextOf(join(folder, "run"))).toBe(reportTextOf(join(folder, "whole")));
  });

  it("of two shards finds both", async () => {
    const { folder, args } = prepare({
      ...{ "segv.jsonl": lines("fine"), "segv-2.jsonl": lines("fine") },
      ...{ "a.jsonl": lines("fine"), "z.jsonl": lines("fine") },
    });
    expect((await scanFailing(folder, args)).code).toBe(2);
    expect(statusOf(sound(folder))).toEqual({
      ...{ "segv.jsonl": "worker-died", "segv-2.jsonl": "worker-died", "a.jsonl": "scanned", "z.jsonl": "scanned" },
    });
  });

  /** The file is mapped; behind its new end there is nothing: reading there is SIGBUS. */
  it("because someone cut a mapped file says so, and counts nothing of it", { timeout: 60_000 }, async () => {
    const folder = newFolder();
    const text = readFileSync(fromRoot("examples/corpus/textbook-zh.jsonl"), "utf8").slice(0, 3000);
    const rows = Array.from({ length: 3000 }, (_, n) => `${n} ${text}`);
    writeFiles(join(folder, "data"), { "a.jsonl": lines("fine"), "big.arrow": { arrow: { text: rows } } });
    const args = ["scan", "data", "--out", "run", "--workers", "1", "--device", "cpu", "--quiet"];
    const running = startCorpusgate(args, { cwd: folder });
    let isOver = false;
    void running.ended.then(() => {
      isOver = true;
    });
    const evidence = join(folder, "run", "evidence");
    const isBegun = () => existsSync(evidence) && readdirSync(evidence).some((name) => name.endsWith(".partial"));
    const big = join(folder, "data", "big.arrow");
    // The most costly shard is begun first.
    while (!isBegun() && !isOver) await sleep(5);
    truncateSync(big, 4096);
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 70 });
    expect(stderr).toMatch(/changed (while it was scanned|since it was inspected)/);
    expect(stderr).toContain("big.arrow");
    expect(existsSync(join(folder, "run", "report.json"))).toBe(false);
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
    expect(readdirSync(join(folder, "run", "tally"))).toEqual([]);
    // As it is now it is damaged: that is what the next scan says, and it reads nothing twice.
    const updated = await startCorpusgate([...args, "--update"], { cwd: folder }).ended;
    expect(updated.code).toBe(2);
    expect(reportOf(join(folder, "run")).files.map(({ path, status }) => [path, status])).toEqual([
      ["a.jsonl", "scanned"],
      ["big.arrow", "file-damaged"],
    ]);
  });

  it("without getting on ends with 70", async () => {
    const { folder } = prepare({ "a.jsonl": lines("fine") });
    const script = "process.on('message', () => process.kill(process.pid, 'SIGSEGV'))";
    writeFiles(folder, {
      "crash.mjs": script,
      "watch.mjs": `import { supervise } from ${JSON.stringify(fromRoot("dist/cli/supervise.js"))};
        process.exitCode = await supervise(new URL("./crash.mjs", import.meta.url), []);`,
    });
    const { code, stderr } = await start(process.execPath, ["watch.mjs"], { cwd: folder }).ended;
    expect(code).toBe(70);
    expect(stderr).toContain("ended 3 times in a row without getting on, the last time by SIGSEGV");
  });
});

describe("a classifier that fails", () => {
  it("ends the scan with what it failed of", async () => {
    const { folder, args } = prepare({ "a.jsonl": lines("fine") });
    const copy = Object.fromEntries(
      ["model.onnx", "NOTICE"].map((name) => [`model/${name}`, { copy: `models/fast/${name}` }]),
    );
    const card = readFileSync(fromRoot("models/fast/corpusgate.yaml"), "utf8").replace(
      "\noutput: sums",
      "\noutput: none",
    );
    expect(card).toContain("output: none");
    writeFiles(folder, {
      ...copy,
      "model/corpusgate.yaml": card,
      "policy.yaml": "version: 1\nmodels: { fast: model }\n",
    });
    const { code, stderr } = await startCorpusgate([...args, "--device", "cpu"], { cwd: folder }).ended;
    expect(code).toBe(70);
    expect(stderr).toContain('the classifier failed: output "none" is undefined');
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
  });
});
