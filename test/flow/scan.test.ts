/** The main job on the example corpus: its decision, its outputs, and one report whatever it was computed with. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { corpusgate, type Ended, fromRoot, newFolder, reportOf, reportTextOf } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const example = fromRoot("examples/corpus.yaml");
const manifest = JSON.parse(readFileSync(fromRoot("examples/corpus/MANIFEST.json"), "utf8")) as {
  records: number;
  textBytes: number;
  sources: { id: string; records: number; textBytes: number; expected: string; format: string }[];
};

let reference: string;
let report: Report;
let first: Ended;
let firstRun: string;

beforeAll(async () => {
  firstRun = join(newFolder(), "run");
  first = await corpusgate(["scan", example, "--out", firstRun, "--device", "cpu", "--json"]);
  reference = reportTextOf(firstRun) ?? "";
  report = expectSound(reference);
});

describe("the example corpus", () => {
  it("has exactly one source that is rejected, as its manifest says", () => {
    const expected = Object.fromEntries(manifest.sources.map(({ id, expected }) => [id, expected]));
    expect(Object.fromEntries(report.sources.map(({ id, gate }) => [id, gate.result]))).toEqual(expected);
    expect(report.sources.filter(({ gate }) => gate.result === "fail").map(({ id }) => id)).toEqual(["forum-en"]);
    expect(first.code).toBe(1);
    expect(report.exitCode).toBe(1);
  });

  it("is counted as its manifest counts it", () => {
    const counts = report.sources.map(({ id, records, textBytes }) => ({ id, records, textBytes }));
    expect(counts).toEqual(manifest.sources.map(({ id, records, textBytes }) => ({ id, records, textBytes })));
    expect(report.totals).toMatchObject({ records: manifest.records, textBytes: manifest.textBytes, empty: 0 });
    const formats = new Map(report.files.map(({ source, format }) => [source, format]));
    for (const { id, format } of manifest.sources)
      expect(format.startsWith("arrow") || formats.get(id), id).toBeTruthy();
    for (const { records, distinctEstimate, id } of report.sources) {
      // HyperLogLog of 4,096 registers: 1.6 % standard error; five of them.
      expect(distinctEstimate, id).toBeLessThanOrEqual(Math.ceil(records * 1.08));
      expect(distinctEstimate, id).toBeGreaterThan(records * 0.9);
    }
  });

  it("has one drawn sample that is large enough and counts over all records", () => {
    const { technicalSample: technical, manualSample: manual } = report;
    const perSource = report.sources.reduce((total, { records }) => total + Math.ceil(records / 10), 0);
    expect(technical).toMatchObject({
      population: manifest.records,
      required: Math.ceil(manifest.records / 10),
      over: "all",
      assessed: report.totals.assessed,
      qualified: report.totals.assessed - report.totals.unqualified,
    });
    expect(technical.drawn).toBeGreaterThanOrEqual(perSource);
    expect(technical.drawn).toBeLessThanOrEqual(perSource + 4000);
    expect(manual).toMatchObject({ required: 4000, drawn: 4000 });
  });

  it("leaves the run folder that DESIGN describes, and nothing half written", () => {
    const names = readdirSync(firstRun).toSorted();
    expect(names).toEqual(["evidence", "report.html", "report.json", "run.json", "sample", "tally"]);
    expect(readdirSync(join(firstRun, "sample")).toSorted()).toEqual(["manual.arrow", "technical.arrow"]);
    const ids = (folder: string) => readdirSync(join(firstRun, folder)).map((name) => name.split(".")[0]);
    expect(ids("tally").toSorted()).toEqual(ids("evidence").toSorted());
    expect(readdirSync(join(firstRun, "tally")).every((name) => name.endsWith(".json"))).toBe(true);
  });

  it("keeps no text of a record in the run folder", () => {
    // A sentence of the corpus, in the two encodings that files of the run could hold it in.
    const line = readFileSync(fromRoot("examples/corpus/sms-en.jsonl"), "utf8").split("\n")[0] as string;
    const sentence = (JSON.parse(line) as { text: string }).text.slice(0, 40);
    expect(sentence.length).toBe(40);
    for (const name of readdirSync(firstRun, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      expect(readFileSync(join(name.parentPath, name.name)).includes(sentence), name.name).toBe(false);
    }
  });
});

describe("one report", () => {
  const sizes = ["64KiB", "1MiB", "128MiB"];
  const cases = [1, 2, 4].flatMap((workers) => sizes.map((size) => ({ workers, size })));

  it.each(cases)("with $workers workers and shards of $size", async ({ workers, size }) => {
    const out = join(newFolder(), "run");
    const args = ["--workers", String(workers), "--shard-size", size, "--device", "cpu", "--quiet"];
    const { code, stderr } = await corpusgate(["scan", example, "--out", out, ...args]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(reportTextOf(out)).toBe(reference);
  });

  it("with little memory, which makes batches small", async () => {
    const out = join(newFolder(), "run");
    const within = (size: string) =>
      corpusgate(["scan", example, "--out", out, "--memory", size, "--device", "cpu", "--quiet"]);
    const refused = await within("1MiB");
    expect(refused.code).toBe(64);
    const [, least = ""] = /--memory 1MiB is too little; .* the least is (\d+MiB)/.exec(refused.stderr) ?? [];
    await within(least);
    expect(reportTextOf(out)).toBe(reference);
  });

  it("from another working directory, with a relative path", async () => {
    const folder = newFolder();
    await corpusgate(["scan", "corpus.yaml", "--out", join(folder, "run"), "--device", "cpu", "--quiet"], {
      cwd: fromRoot("examples"),
    });
    expect(reportTextOf(join(folder, "run"))).toBe(reference);
  });

  it("in another place, under another name, with other file times", async () => {
    const folder = newFolder();
    const copy = join(folder, "a place with spaces, 语料");
    for (const part of ["corpus", "library", "corpus.yaml"]) {
      cpSync(fromRoot(`examples/${part}`), join(copy, part), { recursive: true, preserveTimestamps: false });
    }
    await corpusgate(["scan", join(copy, "corpus.yaml"), "--device", "cpu", "--quiet"], { cwd: folder });
    expect(reportTextOf(join(folder, "corpusgate-run"))).toBe(reference);
  });

  it("again in the same folder, from the tallies that are there", async () => {
    const { code, stderr } = await corpusgate(["scan", example, "--out", firstRun, "--device", "cpu", "--json"]);
    expect(code).toBe(1);
    expect(reportTextOf(firstRun)).toBe(reference);
    const last = JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as Record<string, number>;
    expect(last).toMatchObject({ doneBytes: last.plannedBytes, records: 0, shardsDone: 0 });
  });
});

describe("outputs", () => {
  it("--json gives report.json on stdout and NDJSON on stderr", () => {
    expect(first.stdout).toBe(reference);
    const lines = first.stderr.trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(events.map((event) => event.kind))).toEqual(new Set(["progress"]));
    const last = events.at(-1) as Record<string, number>;
    expect(last).toMatchObject({
      records: manifest.records,
      textBytes: manifest.textBytes,
      flagged: report.totals.flagged,
      doneBytes: last.plannedBytes,
      shardsDone: last.shards,
      etaSeconds: 0,
    });
    expect(last.plannedBytes).toBeGreaterThan(0);
  });

  const small = () => {
    const folder = newFolder();
    writeFiles(folder, {
      "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
      "policy.yaml": "version: 1\nstages: { fast: off }\n",
      "corpus.yaml":
        "version: 1\nlibrary: library.yaml\npolicy: policy.yaml\nsources:\n  - { id: s, files: [s.jsonl] }\n",
      "s.jsonl": { lines: [{ text: "fine" }, { text: "also fine" }] },
    });
    return folder;
  };

  it("--quiet prints nothing", async () => {
    expect(await corpusgate(["scan", "corpus.yaml", "--quiet"], { cwd: small() })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("--json --quiet prints the report alone", async () => {
    const cwd = small();
    const { stdout, stderr } = await corpusgate(["scan", "corpus.yaml", "--json", "--quiet"], { cwd });
    expect(stderr).toBe("");
    expect(stdout).toBe(reportTextOf(join(cwd, "corpusgate-run")));
  });

  it("without options a table on stdout, progress on stderr, and no colour where nobody looks", async () => {
    const { code, stdout, stderr } = await corpusgate(["scan", "corpus.yaml"], { cwd: small() });
    expect(code).toBe(0);
    expect(stdout).toContain("All sources");
    expect(stdout).toContain("report.html");
    expect(stderr).toMatch(/100 %.*2 records {2}0 flagged/);
    expect(stdout + stderr).not.toContain("\u001b");
  });

  it("--dry-run shows the plan and writes nothing", async () => {
    const cwd = small();
    const { code, stdout } = await corpusgate(["scan", "corpus.yaml", "--dry-run"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^plan [0-9a-f]{64}\n/);
    expect(stdout).toContain("phase post, stages keyword, library l (1 entries)\n");
    expect(stdout).toMatch(
      /s\ts\.jsonl\t\d+ bytes\tjsonl, 1 shards\n1 files, 1 shards, \d+ bytes\nmemory: at most \d+ MiB of \d+ MiB/,
    );
    const json = await corpusgate(["scan", "corpus.yaml", "--dry-run", "--json"], { cwd });
    const plan = JSON.parse(json.stdout) as {
      planDigest: string;
      shards: { bytes: number }[];
      summary: { memory: Record<string, number> };
    };
    expect(stdout).toContain(plan.planDigest);
    expect(plan.shards).toHaveLength(1);
    expect(plan.summary).toMatchObject({
      shards: 1,
      bytes: plan.shards[0]?.bytes,
      largestShard: plan.shards[0]?.bytes,
    });
    expect(existsSync(join(cwd, "corpusgate-run"))).toBe(false);
    await corpusgate(["scan", "corpus.yaml", "--quiet"], { cwd });
    expect(reportOf(join(cwd, "corpusgate-run")).planDigest).toBe(plan.planDigest);
  });

  it("--dry-run tells the memory, and when it holds fewer workers than were asked for", async () => {
    const cwd = small();
    const memory = async (...args: string[]) => {
      const run = ["scan", "corpus.yaml", "--dry-run", ...args];
      const { stdout } = await corpusgate([...run, "--json"], { cwd });
      const { stdout: text } = await corpusgate(run, { cwd });
      const { summary } = JSON.parse(stdout) as { summary: { memory: Record<string, number> } };
      return { ...summary.memory, isShort: text.includes("of 9 workers: it holds no more") } as Record<string, unknown>;
    };
    const [one, nine] = [
      await memory("--workers", "1", "--memory", "4GiB"),
      await memory("--workers", "9", "--memory", "4GiB"),
    ];
    expect(one).toMatchObject({ workers: 1, budget: 2 ** 32, batchBytes: 2 ** 20, isShort: false });
    expect(one.total).toBe((one.shared as number) + (one.perWorker as number));
    expect(nine).toMatchObject({ workers: 9, isShort: false });
    expect(nine.total).toBe((nine.shared as number) + 9 * (nine.perWorker as number));
    const tight = await memory("--workers", "9", "--memory", "256MiB");
    expect(tight).toMatchObject({ budget: 2 ** 28, workersAsked: 9, isShort: true });
    expect(tight.workers).toBeLessThan(9);
    expect(tight.total).toBeLessThanOrEqual(2 ** 28);
  });

  it.each([[], ["scan"], ["match"]])("%s --help has examples that parse", async (...command) => {
    const { code, stdout, stderr } = await corpusgate([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage: corpusgate");
    const examples = stdout.split("Examples:")[1] ?? "";
    expect(examples.match(/^ {2}.*corpusgate (scan|match)/gm)?.length).toBeGreaterThanOrEqual(3);
    // Every option that an example uses is one that its command has.
    for (const [, name, rest] of examples.matchAll(/corpusgate (scan|match)(.*)/g)) {
      const help = (await corpusgate([name as string, "--help"])).stdout;
      for (const option of rest?.match(/--[a-z-]+/g) ?? []) expect(help).toContain(option);
    }
  });

  it("--version is that of the package", async () => {
    const { version } = JSON.parse(readFileSync(fromRoot("package.json"), "utf8")) as { version: string };
    expect(await corpusgate(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("before collection", () => {
  const sample = 200;
  const pre = ["--phase", "pre", "--sample", String(sample), "--device", "cpu", "--quiet"];
  let text: string;

  beforeAll(async () => {
    const out = join(newFolder(), "run");
    await corpusgate(["scan", example, "--out", out, ...pre]);
    text = reportTextOf(out) ?? "";
  });

  it("assesses the sample of each source and waits with the rest", () => {
    const report = expectSound(text);
    for (const { id, records, assessed, notAssessed, gate } of report.sources) {
      const drawn = Math.min(sample, records);
      expect({ id, assessed, waiting: notAssessed["stage-missing"] ?? 0 }).toEqual({
        id,
        assessed: drawn,
        waiting: records - drawn,
      });
      expect(gate.clause).toBe("5.1a-1");
    }
    const results = report.sources.map(({ id, gate }) => [id, gate.result]);
    expect(results).toEqual(manifest.sources.map(({ id, expected }) => [id, expected]));
    expect(report.manualSample).toMatchObject({ required: 0, drawn: 0 });
  });

  it.each(["64KiB", "300KiB"])("gives one report with shards of %s", async (size) => {
    const out = join(newFolder(), "run");
    const { code } = await corpusgate(["scan", example, "--out", out, ...pre, "--shard-size", size, "--workers", "3"]);
    expect(code).toBe(1);
    expect(reportTextOf(out)).toBe(text);
  });

  it("keeps lines that cannot be read out of the sample, and in the population", async () => {
    const folder = newFolder();
    const lines = Array.from({ length: 90 }, (_, n) =>
      JSON.stringify({ id: n, text: n % 9 === 0 ? "smuggle" : "fine" }),
    );
    for (let n = 0; n < 90; n += 9) lines[n + 1] = n % 18 === 0 ? "{broken" : JSON.stringify({ text: "\u200b" });
    writeFileSync(join(folder, "s.jsonl"), `${lines.join("\n")}\n`);
    writeFiles(folder, {
      "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
      "policy.yaml": "version: 1\nstages: { fast: off }\n",
    });
    const args = ["--library", "library.yaml", "--policy", "policy.yaml", "--phase", "pre", "--quiet"];
    const run = async (...more: string[]) => {
      await corpusgate(["scan", "s.jsonl", ...args, ...more, "--out", more.join("") || "run"], { cwd: folder });
      return expectSound(reportTextOf(join(folder, more.join("") || "run")) ?? "").sources[0];
    };
    expect(await run()).toMatchObject({
      rows: 90,
      empty: 5,
      records: 85,
      assessed: 80,
      notAssessed: { "invalid-json": 5 },
      flagged: 10,
    });
    expect(await run("--sample", "20")).toMatchObject({
      rows: 90,
      empty: 5,
      records: 85,
      assessed: 20,
      notAssessed: { "invalid-json": 5, "stage-missing": 60 },
    });
  });
});
