/** The journal: who is suspected after a crash, who is found guilty, and that another run's journal says nothing. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Journal, journalName } from "../../src/run/journal.ts";

const root = mkdtempSync(join(tmpdir(), "corpusgate-journal-"));
afterAll(() => rmSync(root, { recursive: true }));
const newFolder = () => mkdtempSync(join(root, "run-"));

const first = (folder: string) => Journal.open(folder, { run: "r", how: null });
const afterCrash = (folder: string, how = "SIGSEGV") => Journal.open(folder, { run: "r", how });
const suspects = (journal: Journal) => [...journal.suspects];

describe("Journal", () => {
  it("suspects what was in hand, not what had ended or was not begun", () => {
    const folder = newFolder();
    const journal = first(folder);
    for (const shard of ["a", "b", "c"]) journal.begin(shard, false);
    journal.end("b", true);
    const next = afterCrash(folder);
    expect(next.goesOn).toBe(true);
    expect(suspects(next)).toEqual(["a", "c"]);
    expect(next.culprits.size).toBe(0);
  });

  it("finds the one guilty that was alone, and goes on suspecting the others", () => {
    const folder = newFolder();
    const journal = first(folder);
    for (const shard of ["a", "b"]) journal.begin(shard, false);
    afterCrash(folder).begin("a", true);
    const third = afterCrash(folder, "SIGBUS");
    expect([...third.culprits]).toEqual([["a", "SIGBUS"]]);
    expect(suspects(third)).toEqual(["b"]);
    third.end("a", false);
    expect(third.givenUpInRow).toBe(1);
    third.begin("b", true);
    third.end("b", true);
    expect(third.givenUpInRow).toBe(0);
    const fourth = afterCrash(folder);
    expect([suspects(fourth), fourth.culprits.size]).toEqual([[], 0]);
  });

  it("suspects the only one in hand first: it may have been chance", () => {
    const folder = newFolder();
    first(folder).begin("a", false);
    const next = afterCrash(folder);
    expect([suspects(next), next.culprits.size]).toEqual([["a"], 0]);
  });

  it("knows the plan that the run follows", () => {
    const folder = newFolder();
    const journal = first(folder);
    expect(journal.plan).toBeNull();
    journal.follow("p");
    expect(afterCrash(folder).plan).toBe("p");
  });

  it("reads over lines that were cut", () => {
    const folder = newFolder();
    first(folder).begin("a", false);
    appendFileSync(join(folder, journalName), '{"begin":"b","al');
    const next = afterCrash(folder);
    expect(suspects(next)).toEqual(["a"]);
    next.begin("a", true);
    expect([...afterCrash(folder).culprits.keys()]).toEqual(["a"]);
  });

  it("is empty for another run, and after a crash that came before it", () => {
    const folder = newFolder();
    first(folder).begin("a", false);
    const other = Journal.open(folder, { run: "another", how: "SIGSEGV" });
    expect([other.goesOn, suspects(other)]).toEqual([false, []]);
    expect(afterCrash(newFolder()).goesOn).toBe(false);
    first(folder).begin("b", false);
    expect(readFileSync(join(folder, journalName), "utf8")).not.toContain('"a"');
  });

  it("is gone when the run is over", () => {
    const folder = newFolder();
    const journal = first(folder);
    journal.close();
    expect(existsSync(join(folder, journalName))).toBe(false);
    expect(() => Journal.open(join(folder, "none"), { run: "r", how: null })).toThrow(
      /journal\.jsonl cannot be written: ENOENT/,
    );
  });
});
