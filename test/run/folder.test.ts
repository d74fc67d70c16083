/** The run folder: one holder at a time, files whole or not at all, and what a resume may trust. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Plan, Shard } from "../../src/corpus/plan.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { counts, planDigest, planOf, tallyText } from "../tally/fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "corpusgate-folder-"));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const newPath = () => join(root, `run-${made++}`);

const plan = planOf([{ shards: ["a", "b"] }, { shards: ["c"] }]);
const [a] = plan.shards as [Shard];
const finish = (folder: RunFolder, shard: Shard) => {
  writeFileSync(folder.evidencePath(shard.id), "evidence");
  folder.finish(shard, tallyText(shard.id, { s: counts }));
};
const finished = (folder: RunFolder, of: Plan = plan) =>
  of.shards.filter((shard) => folder.finished(shard, planDigest) !== null).map(({ id }) => id);

describe("RunFolder", () => {
  it("is held by one, and free again", () => {
    const path = newPath();
    const first = RunFolder.open(path, false);
    expect(() => RunFolder.open(path, true)).toThrow(`another scan (process ${process.pid}) holds `);
    first.unlock();
    RunFolder.open(path, false).unlock();
    expect(readdirSync(path).toSorted()).toEqual(["evidence", "sample", "tally"]);
  });

  it.each([
    ["of a process that is gone", { pid: 2 ** 22 + 5, started: "1" }],
    ["of a process whose number was used again", { pid: process.pid, started: "1" }],
    ["without a start, of a process that is gone", { pid: 2 ** 22 + 5, started: null }],
    ["that is half written", "{"],
  ])("takes over a lock %s", (_, holder) => {
    const path = newPath();
    RunFolder.open(path, false).unlock();
    writeFileSync(join(path, "run.lock"), typeof holder === "string" ? holder : JSON.stringify(holder));
    const folder = RunFolder.open(path, false);
    expect(JSON.parse(readFileSync(join(path, "run.lock"), "utf8"))).toMatchObject({ pid: process.pid });
    folder.unlock();
  });

  it("is refused while another machine holds it, and taken over when that one is silent", () => {
    const path = newPath();
    RunFolder.open(path, false).unlock();
    const lock = join(path, "run.lock");
    // The number may be that of a living process here: it says nothing of one elsewhere.
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: "1", host: "elsewhere" }));
    expect(() => RunFolder.open(path, false)).toThrow(
      `another scan (process ${process.pid} on elsewhere) holds ${lock}; if that machine is gone, remove the file`,
    );
    expect(readdirSync(path).filter((name) => name.startsWith("run.lock"))).toEqual(["run.lock"]);
    const longAgo = new Date(Date.now() - 16 * 60_000);
    utimesSync(lock, longAgo, longAgo);
    const folder = RunFolder.open(path, false);
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    folder.unlock();
    expect(existsSync(lock)).toBe(false);
  });

  it("has finished a shard when its tally and its evidence are there, and they are of this plan", () => {
    const folder = RunFolder.open(newPath(), false);
    expect(finished(folder)).toEqual([]);
    folder.finish(a, tallyText("a", { s: counts }));
    expect(finished(folder)).toEqual([]);
    writeFileSync(folder.evidencePath("a"), "evidence");
    expect(finished(folder)).toEqual(["a"]);
    expect(folder.finished(a, "cd".repeat(32))).toBeNull();
    expect(folder.finished({ ...a, id: "b" }, planDigest)).toBeNull();
  });

  it("keeps the shards of a plan that was begun, whatever size a resume asks for", () => {
    const path = newPath();
    const begun = RunFolder.open(path, false);
    begun.adopt(plan, {});
    finish(begun, a);
    begun.unlock();
    const again = RunFolder.open(path, false);
    const adopted = again.adopt({ ...plan, shards: [] }, {});
    expect(adopted.shards).toEqual(plan.shards);
    expect(finished(again, adopted)).toEqual(["a"]);
  });

  it("scans a file again whose time of change is another, and no other", () => {
    const path = newPath();
    const begun = RunFolder.open(path, false);
    begun.adopt(plan, {});
    for (const shard of plan.shards) finish(begun, shard);
    begun.unlock();
    const again = RunFolder.open(path, false);
    const files = plan.files.map((file, at) => (at === 0 ? { ...file, modifiedNs: "9" } : file));
    expect(finished(again, again.adopt({ ...plan, files }, {}))).toEqual(["c"]);
  });

  it("refuses another plan, and what it cannot read", () => {
    const path = newPath();
    const folder = RunFolder.open(path, false);
    folder.adopt(plan, {});
    expect(() => folder.adopt({ ...plan, planDigest: "cd".repeat(32) }, {})).toThrow(
      "holds another plan (abababababab, this one is cdcdcdcdcdcd)",
    );
    for (const text of ["", "{}", "[]", "null", '{"schema":"corpusgate.run/0"}']) {
      writeFileSync(join(path, "run.json"), text);
      expect(() => folder.adopt(plan, {}), text).toThrow(/run\.json .*--fresh starts anew/);
    }
  });

  it("removes its own files for a fresh start, and nobody else's", () => {
    const path = newPath();
    const folder = RunFolder.open(path, false);
    folder.adopt(plan, {});
    finish(folder, a);
    folder.write("report.json", "{}");
    folder.unlock();
    writeFileSync(join(path, "notes.txt"), "mine");
    const fresh = RunFolder.open(path, true);
    expect(finished(fresh)).toEqual([]);
    expect(readdirSync(path).toSorted()).toEqual(["evidence", "notes.txt", "run.lock", "sample", "tally"]);
  });

  it("writes a file whole, over an older one, and leaves no half", () => {
    const path = newPath();
    const folder = RunFolder.open(path, false);
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
    const folder = RunFolder.open(newPath(), false);
    expect(() => folder.write("none/x.json", "{}")).toThrow(/none\/x\.json cannot be written: ENOENT/);
  });
});
