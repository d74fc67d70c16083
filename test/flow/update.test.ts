/**
 * `--update`: with files added, changed and removed, the run folder becomes what a fresh scan leaves, byte for byte, and
 * only what is new or changed is scanned.
 */
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { corpusgate, newFolder, reportTextOf, startCorpusgate } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const names = ["posts-zh.jsonl.gz", "posts-en.parquet", "sms-en.jsonl", "forum-en.arrow", "textbook-zh.jsonl"];
const common = ["--device", "cpu", "--shard-size", "64KiB", "--workers", "2"];

let folder: string;
const scan = (...args: string[]) => corpusgate(["scan", "data", ...common, ...args], { cwd: folder });

beforeEach(() => {
  folder = newFolder();
  writeFiles(folder, Object.fromEntries(names.map((name) => [`data/${name}`, { copy: `examples/corpus/${name}` }])));
});

/** Adds, changes, removes and renames; sms-en and textbook stay as they are. */
function change(): void {
  const data = (name: string) => join(folder, "data", name);
  writeFiles(folder, { "data/new.jsonl": { copy: "examples/corpus/sms-en.jsonl" } });
  appendFileSync(data("textbook-zh.jsonl"), '{"id":"more","text":"有人走私香烟"}\n');
  rmSync(data("posts-zh.jsonl.gz"));
  renameSync(data("posts-en.parquet"), data("moved-en.parquet"));
}

/** Everything in a run folder that does not say when and by whom it was made. */
function contentOf(run: string): Map<string, string> {
  const parts = ["report.json", "report.html", "evidence", "tally", "sample"];
  const files = parts.flatMap((part) => {
    const path = join(folder, run, part);
    return statSync(path).isDirectory() ? readdirSync(path).map((name) => `${part}/${name}`) : [part];
  });
  return new Map(files.map((name) => [name, readFileSync(join(folder, run, name), "base64")]));
}

function expectSame(run: string, fresh: string): void {
  const [got, expected] = [contentOf(run), contentOf(fresh)];
  expect([...got.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  const other = [...expected].filter(([name, bytes]) => got.get(name) !== bytes).map(([name]) => name);
  expect(other).toEqual([]);
  expectSound(reportTextOf(join(folder, run)) ?? "");
}

describe("--update", () => {
  it("leaves the folder of a fresh scan, and takes over what did not change", async () => {
    await scan("--out", "run", "--quiet");
    change();
    const refused = await scan("--out", "run", "--quiet");
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain("new.jsonl is new");
    expect(refused.stderr).toContain("--update to scan only what is new or changed");
    const updated = await scan("--out", "run", "--update");
    expect(updated.code).toBe(1);
    const counts = /of (\d+) shards (\d+) are new or changed and are scanned; the counts of (\d+) stand/.exec(
      updated.stderr,
    );
    const [all, scanned, stand] = (counts ?? []).slice(1).map(Number) as [number, number, number];
    expect(scanned + stand).toBe(all);
    // forum-en and sms-en did not change.
    const plan = JSON.parse(readFileSync(join(folder, "run", "run.json"), "utf8")).plan as {
      files: { path: string }[];
      shards: { file: number }[];
    };
    const same = plan.shards.filter(({ file }) => /^(forum-en|sms-en)/.test(plan.files[file]?.path ?? ""));
    expect(stand).toBe(same.length);
    expect(stand).toBeGreaterThan(2);
    await scan("--out", "fresh", "--quiet");
    expectSame("run", "fresh");
    // And now it is a plan like any other.
    expect((await scan("--out", "run", "--quiet")).code).toBe(1);
    expectSame("run", "fresh");
  });

  it("draws anew by the rules of a fresh scan where chance leaves a source short", async () => {
    // So few records are kept by themselves that the second pass is taken.
    const { scan: scanIn } = await import("corpusgate");
    const options = { device: "cpu", shardBytes: 65536, sampling: { keySpace: 2 ** 20, keptPerSource: 3 } } as const;
    const data = join(folder, "data");
    await scanIn(data, { ...options, out: join(folder, "run") });
    change();
    await scanIn(data, { ...options, out: join(folder, "run"), update: true });
    await scanIn(data, { ...options, out: join(folder, "fresh") });
    expectSame("run", "fresh");
  });

  it.each(["--phase=pre", "--stages=keyword"])("is right with %s, too", async (option) => {
    await scan("--out", "run", "--quiet", option);
    change();
    await scan("--out", "run", "--quiet", option, "--update");
    await scan("--out", "fresh", "--quiet", option);
    expectSame("run", "fresh");
  });

  it("scans all anew under other rules, and files that were touched", async () => {
    await scan("--out", "run", "--quiet");
    const keywords = await scan("--out", "run", "--stages", "keyword", "--update");
    expect(keywords.stderr).toMatch(/of (\d+) shards \1 are new or changed and are scanned; the counts of 0 stand/);
    await scan("--out", "fresh", "--quiet", "--stages", "keyword");
    expectSame("run", "fresh");
    utimesSync(join(folder, "data", "sms-en.jsonl"), new Date(), new Date());
    const touched = await scan("--out", "run", "--stages", "keyword", "--update", "--nonce", "ab");
    expect(touched.stderr).toMatch(/shards [1-9]\d* are new or changed/);
    expect(touched.stderr).not.toContain("the counts of 0 stand");
  });

  it("does nothing where nothing changed", async () => {
    await scan("--out", "run", "--quiet");
    const times = () =>
      readdirSync(join(folder, "run", "tally")).map((name) => statSync(join(folder, "run", "tally", name)).mtimeMs);
    const before = times();
    const { code, stderr } = await scan("--out", "run", "--update");
    expect(code).toBe(1);
    expect(stderr).not.toContain("update: ");
    expect(times()).toEqual(before);
  });

  it("goes on after a kill, with or without the option", async () => {
    await scan("--out", "run", "--quiet");
    change();
    const planOf = () => JSON.parse(readFileSync(join(folder, "run", "run.json"), "utf8")).plan.planDigest as string;
    const before = planOf();
    for (const args of [["--update"], [], []]) {
      const running = startCorpusgate(["scan", "data", ...common, "--out", "run", "--quiet", ...args], { cwd: folder });
      // Killed a little after the new plan is there, so that some shards are done.
      while (planOf() === before) await sleep(5);
      await sleep(args.length > 0 ? 30 : 500);
      running.process.kill("SIGKILL");
      await running.ended;
    }
    expect((await scan("--out", "run", "--quiet")).code).toBe(1);
    await scan("--out", "fresh", "--quiet");
    expectSame("run", "fresh");
    expect(existsSync(join(folder, "run", "journal.jsonl"))).toBe(false);
  });

  it("scans a shard anew whose evidence of before is gone or is none", async () => {
    await scan("--out", "run", "--quiet");
    writeFiles(folder, { "data/new.jsonl": { copy: "examples/corpus/sms-en.jsonl" } });
    const [gone, none, tally] = readdirSync(join(folder, "run", "evidence")).toSorted() as [string, string, string];
    rmSync(join(folder, "run", "evidence", gone));
    writeFiles(join(folder, "run", "evidence"), { [none]: "no evidence" });
    const path = join("run", "tally", tally.replace(".arrow", ".json"));
    writeFiles(folder, {
      [path]: readFileSync(join(folder, path), "utf8").replace(
        /"rows":\d+,"empty":\d+,"records":\d+/,
        '"rows":1,"empty":1,"records":0',
      ),
    });
    expect((await scan("--out", "run", "--update")).code).toBe(1);
    await scan("--out", "fresh", "--quiet");
    expectSame("run", "fresh");
  });
});
