/** The run folder: one holder at a time, files whole or not at all, and what a resume may trust. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Plan, Shard } from "../../src/corpus/plan.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { counts, planOf, tallyText } from "../tally/fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "corpusgate-folder-"));
afterAll(() => rmSync(root, { recursive: true }));
const open = (path: string, fresh = false) => RunFolder.open(path, { fresh, crash: { run: "r", how: null } });
let made = 0;
const newPath = () => join(root, `run-${made++}`);

const plan = planOf([{ shards: ["a", "b"] }, { shards: ["c"] }]);
const [a] = plan.shards as [Shard];
const finish = (folder: RunFolder, shard: Shard) => {
  writeFileSync(folder.evidencePath(shard.id), "evidence");
  folder.finish(shard, tallyText(shard.id, { s: counts }));
};
const finished = (folder: RunFolder, of: Plan = plan) =>
  of.shards.filter((shard) => folder.finished(shard, of) !== null).map(({ id }) => id);

describe("RunFolder", () => {
  it("is held by one, and free again", () => {
    const path = newPath();
    const first = open(path);
    expect(() => open(path, true)).toThrow(`another scan (process ${process.pid}) holds `);
    first.unlock();
    open(path).unlock();
    expect(readdirSync(path).toSorted()).toEqual(["evidence", "sample", "tally"]);
  });

  it.each([
    ["of a process that is gone", { pid: 2 ** 22 + 5, started: "1" }],
    ["of a process whose number was used again", { pid: process.pid, started: "1" }],
    ["without a start, of a process that is gone", { pid: 2 ** 22 + 5, started: null }],
    ["that is half written", "{"],
  ])("takes over a lock %s", (_, holder) => {
    const path = newPath();
    open(path).unlock();
    writeFileSync(join(path, "run.lock"), typeof holder === "string" ? holder : JSON.stringify(holder));
    const folder = open(path);
    expect(JSON.parse(readFileSync(join(path, "run.lock"), "utf8"))).toMatchObject({ pid: process.pid });
    folder.unlock();
  });

  it("is refused while another machine holds it, and taken over when that one is silent", () => {
    const path = newPath();
    open(path).unlock();
    const lock = join(path, "run.lock");
    // The number may be that of a living process here: it says nothing of one elsewhere.
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: "1", host: "elsewhere" }));
    expect(() => open(path)).toThrow(
      `another scan (process ${process.pid} on elsewhere) holds ${lock}; if that machine is gone, remove the file`,
    );
    expect(readdirSync(path).filter((name) => name.startsWith("run.lock"))).toEqual(["run.lock"]);
    const longAgo = new Date(Date.now() - 16 * 60_000);
    utimesSync(lock, longAgo, longAgo);
    const folder = open(path);
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    folder.unlock();
    expect(existsSync(lock)).toBe(false);
  });

  it("has finished a shard when its tally and its evidence are there, and they are of this plan", () => {
    const folder = open(newPath());
    expect(finished(folder)).toEqual([]);
    folder.finish(a, tallyText("a", { s: counts }));
    expect(finished(folder)).toEqual([]);
    writeFileSync(folder.evidencePath("a"), "evidence");
    expect(finished(folder)).toEqual(["a"]);
    expect(folder.finished(a, { ...plan, planDigest: "cd".repeat(32) })).toBeNull();
    expect(folder.finished({ ...a, id: "b" }, plan)).toBeNull();
  });

  it("keeps the shards of a plan that was begun, whatever size a resume asks for", () => {
    const path = newPath();
    const begun = open(path);
    begun.adopt(plan, {}, false);
    finish(begun, a);
    begun.unlock();
    const again = open(path);
    const adopted = again.adopt({ ...plan, shards: [] }, {}, false).plan;
    expect(adopted.shards).toEqual(plan.shards);
    expect(finished(again, adopted)).toEqual(["a"]);
  });

  it("scans a file again whose time of change is another, and no other", () => {
    const path = newPath();
    const begun = open(path);
    begun.adopt(plan, {}, false);
    for (const shard of plan.shards) finish(begun, shard);
    begun.unlock();
    const again = open(path);
    const files = plan.files.map((file, at) => (at === 0 ? { ...file, modifiedNs: "9" } : file));
    expect(finished(again, again.adopt({ ...plan, files }, {}, false).plan)).toEqual(["c"]);
  });

  it("refuses another plan, and what it cannot read", () => {
    const path = newPath();
    const folder = open(path);
    folder.adopt(plan, {}, false);
    const another = { ...plan, planDigest: other };
    expect(() => open(path).adopt(another, {}, false)).toThrow(/another scan/);
    folder.unlock();
    expect(() => open(path).adopt(another, {}, false)).toThrow(
      "holds another plan (abababababab, this one is cdcdcdcdcdcd): options or sources differ",
    );
    rmSync(join(path, "run.lock"));
    for (const text of ["", "{}", "[]", "null", '{"schema":"corpusgate.run/0"}']) {
      writeFileSync(join(path, "run.json"), text);
      expect(() => folder.adopt(plan, {}, false), text).toThrow(/run\.json .*--fresh starts anew/);
    }
  });

  const other = "cd".repeat(32);
  const scanned = (path: string) => {
    const folder = open(path);
    folder.adopt(plan, {}, false);
    for (const shard of plan.shards) finish(folder, shard);
    folder.unlock();
  };
  const counted = (folder: RunFolder, of: Plan) =>
    of.shards.filter((shard) => folder.counted(shard, of) !== null).map(({ id }) => id);

  it("takes over, for another plan, the shards of files that it saw as they are", () => {
    const path = newPath();
    scanned(path);
    // The first file is read otherwise, the second one has moved in the list, a third one is new.
    const changed = planOf([
      { path: "new", shards: ["n"] },
      { path: "f1", shards: ["cut otherwise"] },
      { path: "f0", size: 2, shards: ["a"] },
    ]);
    const folder = open(path);
    const { plan: adopted, updated } = folder.adopt({ ...changed, planDigest: other }, {}, true);
    expect(updated).toBe(true);
    expect(adopted.shards.map(({ id, file }) => [id, file])).toEqual([
      ["n", 0],
      ["c", 1],
      ["a", 2],
    ]);
    expect(finished(folder, adopted)).toEqual([]);
    expect(counted(folder, adopted)).toEqual(["c"]);
    expect(readdirSync(join(path, "evidence"))).toEqual(["c.arrow"]);
  });

  it("takes nothing over under other rules", () => {
    const path = newPath();
    scanned(path);
    const folder = open(path);
    const { plan: adopted } = folder.adopt({ ...plan, planDigest: other, rules: "34".repeat(32) }, {}, true);
    expect(adopted.shards).toEqual(plan.shards);
    expect(counted(folder, adopted)).toEqual([]);
    expect(readdirSync(join(path, "tally"))).toEqual([]);
  });

  it("knows of another plan in the run of a process that crashed that the corpus changed", () => {
    const path = newPath();
    open(path).adopt(plan, {}, false);
    rmSync(join(path, "run.lock"));
    const after = RunFolder.open(path, { fresh: true, crash: { run: "r", how: "SIGBUS" } });
    const files = plan.files.map((file) => ({ ...file, size: 7 }));
    expect(() => after.adopt({ ...plan, files, planDigest: other }, {}, true)).toThrow(
      "the corpus changed while it was scanned: f0 had 1 bytes and has 7, f1 had 1 bytes and has 7",
    );
  });

  it("removes its own files for a fresh start, and nobody else's", () => {
    const path = newPath();
    const folder = open(path);
    folder.adopt(plan, {}, false);
    finish(folder, a);
    folder.write("report.json", "{}");
    folder.unlock();
    writeFileSync(join(path, "notes.txt"), "mine");
    const fresh = open(path, true);
    expect(finished(fresh)).toEqual([]);
    expect(readdirSync(path).toSorted()).toEqual([
      "evidence",
      "journal.jsonl",
      "notes.txt",
      "run.lock",
      "sample",
      "tally",
    ]);
  });

  it("writes a file whole, over an older one, and leaves no half", () => {
    const path = newPath();
    const folder = open(path);
    const long = "语料".repeat(1_000_000);
    folder.write("report.json", long);
    folder.write("report.json", "short");
    expect(readFileSync(join(path, "report.json"), "utf8")).toBe("short");
    writeFileSync(join(path, "tally", "x.json.partial"), "half");
    writeFileSync(join(path, "evidence", "x.arrow.partial"), "half");
    writeFileSync(join(path, "report.json.partial"), "half");
    folder.sweep();
    const left = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("partial"));
    expect(left).toEqual([]);
    expect(existsSync(join(path, "report.json"))).toBe(true);
  });

  it("says where it could not write", () => {
    const folder = open(newPath());
    expect(() => folder.write("none/x.json", "{}")).toThrow(/none\/x\.json cannot be written: ENOENT/);
  });
});
