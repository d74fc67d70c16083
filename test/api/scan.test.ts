/** `scan()` of the library: what a program that embeds it sees beside the report. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ScanError, type ScanEvent, type ScanOptions, scan } from "corpusgate";
import { describe, expect, it } from "vitest";
import { newFolder } from "../flow/_command.ts";
import { writeFiles } from "../flow/_files.ts";

function prepare(): { folder: string; options: ScanOptions } {
  const folder = newFolder();
  writeFiles(folder, {
    "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
    "data/a.jsonl": { lines: Array.from({ length: 400 }, (_, n) => ({ id: n, text: `fine ${n}` })) },
    "data/b.jsonl": { lines: Array.from({ length: 400 }, (_, n) => ({ id: n, text: `fine too ${n}` })) },
  });
  const options = {
    library: join(folder, "library.yaml"),
    policy: join(folder, "policy.yaml"),
    out: join(folder, "run"),
  };
  return { folder, options: { ...options, workers: 2, shardBytes: 4096, device: "cpu" } };
}

describe("scan()", () => {
  it("tells what it does, and its sums are those of the report", async () => {
    const { folder, options } = prepare();
    const events: ScanEvent[] = [];
    const { report } = await scan(join(folder, "data"), { ...options, onEvent: (event) => events.push(event) });
    const [plan] = events.filter((event) => event.kind === "plan");
    const progress = events.filter((event) => event.kind === "progress").map((event) => event.progress);
    const shards = events.filter((event) => event.kind === "shard").map(({ shard }) => shard.id);
    const sum = (of: (one: (typeof progress)[number]) => number) => progress.reduce((total, one) => total + of(one), 0);
    expect(events[0]).toBe(plan);
    expect(plan).toMatchObject({ doneBytes: 0 });
    expect(shards.toSorted()).toEqual(plan?.plan.shards.map(({ id }) => id).toSorted());
    expect(sum(({ records }) => records)).toBe(report.totals.rows);
    expect(sum(({ bytes }) => bytes)).toBe(report.totals.textBytes);
    expect(sum(({ flagged }) => flagged)).toBe(report.totals.flagged);
  });

  it.each<[string, (path: string) => void]>([
    ["grew", (path) => appendFileSync(path, '{"text":"smuggle"}\n')],
    ["shrank", (path) => writeFileSync(path, '{"text":"fine"}\n')],
    ["changed within", (path) => writeFileSync(path, readFileSync(path, "utf8").replace("fine 7", "evil 7"))],
  ])("stops at a file that %s after it was planned", async (_, change) => {
    const { folder, options } = prepare();
    const path = join(folder, "data", "a.jsonl");
    const onEvent = (event: ScanEvent) => {
      if (event.kind === "plan") change(path);
    };
    const failed = scan(join(folder, "data"), { ...options, onEvent });
    await expect(failed).rejects.toMatchObject({ name: "ScanError", code: "corpus-changed" });
    await expect(failed).rejects.toThrow(/a\.jsonl: changed since it was inspected: /);
    expect(existsSync(join(folder, "run", "report.json"))).toBe(false);
    expect(existsSync(join(folder, "run", "run.lock"))).toBe(false);
  });

  it("stops when it is told to, and goes on from there", async () => {
    const { folder, options } = prepare();
    const controller = new AbortController();
    const stopped = scan(join(folder, "data"), {
      ...options,
      workers: 1,
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === "shard") controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    let plan: Extract<ScanEvent, { kind: "plan" }> | undefined;
    const { report } = await scan(join(folder, "data"), {
      ...options,
      onEvent: (event) => {
        if (event.kind === "plan") plan = event;
      },
    });
    expect(plan?.doneBytes).toBeGreaterThan(0);
    expect(plan?.doneBytes).toBeLessThan(plan?.plannedBytes ?? 0);
    expect(report.totals.assessed).toBe(800);
  });

  it("leaves the folder to the next one when its caller's listener throws", async () => {
    const { folder, options } = prepare();
    const onEvent = ({ kind }: ScanEvent) => {
      if (kind === "plan") throw new Error("of the caller");
    };
    await expect(scan(join(folder, "data"), { ...options, onEvent })).rejects.toThrow("of the caller");
    expect((await scan(join(folder, "data"), options)).report.result).toBe("pass");
  });

  it("scans two corpora at once, in one process", async () => {
    const [one, two] = [prepare(), prepare()];
    const results = await Promise.all([one, two].map(({ folder, options }) => scan(join(folder, "data"), options)));
    expect(results[0]?.report).toEqual(results[1]?.report);
  });

  it("refuses what cannot be, as an error with a code", async () => {
    const { folder, options } = prepare();
    const refused = (changes: ScanOptions, ...paths: string[]) => scan(paths, { ...options, ...changes });
    await expect(refused({})).rejects.toBeInstanceOf(ScanError);
    await expect(refused({}, join(folder, "none"))).rejects.toMatchObject({ code: "usage" });
    await expect(refused({ library: "none.yaml" }, folder)).rejects.toMatchObject({ code: "config" });
  });
});
