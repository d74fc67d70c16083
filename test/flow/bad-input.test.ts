/** Input that is wrong, case by case (test/data/flow/bad-input.yaml): refused with one message, or counted by reason. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Report } from "../../src/report/report.ts";
import { corpusgate, type Ended, folderAt, newFolder, reportOf, reportTextOf, startCorpusgate } from "./_command.ts";
import { type FileSpec, writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

interface Case {
  name: string;
  sources?: object[];
  files?: Record<string, FileSpec>;
  command?: string[];
  says?: string[];
}

interface Refused extends Case {
  exit?: number;
  /** Lines of the message, 1 where nothing is said. */
  lines?: number;
}

interface Counted extends Case {
  exit: number;
  source?: object;
  sources_are?: object[];
  file?: Record<string, object>;
  /** Fields of the first source that lie within bounds. */
  some?: Record<string, [number, number]>;
  /** All rows of the first source, at least one, are not assessed for this reason. */
  allNotAssessed?: string;
}

const text = readFileSync(new URL("../data/flow/bad-input.yaml", import.meta.url), "utf8");
const cases = parse(text, { maxAliasCount: 0 }) as { refused: Refused[]; counted: Counted[] };

const library = {
  version: 1,
  name: "test",
  entries: [
    { id: "smuggle", text: "smuggle", risks: ["A1h"], severity: "block" },
    { id: "maybe", text: "maybe", risks: ["A1f"], severity: "review" },
  ],
};
const policy = { version: 1, stages: { fast: "off" } };

/** `%1025%` stands for as many letters, `%nest100%` for as many brackets. */
function expand(spec: FileSpec): FileSpec {
  if (typeof spec === "string" || spec.text === undefined) return spec;
  const long = spec.text
    .replace(/%nest(\d+)%/g, (_, n: string) => "[".repeat(Number(n)) + "]".repeat(Number(n)))
    .replace(/%(\d+)%/g, (_, n: string) => "x".repeat(Number(n)));
  return { ...spec, text: long };
}

/** Writes the files of a case; returns its folder. */
function prepare({ sources, files = {} }: Case): string {
  const folder = newFolder();
  writeFiles(folder, { "library.yaml": { yaml: library }, "policy.yaml": { yaml: policy } });
  if (sources !== undefined) {
    const corpus = { version: 1, library: "library.yaml", policy: "policy.yaml", sources };
    writeFileSync(join(folder, "corpus.yaml"), stringify(corpus));
  }
  writeFiles(folder, Object.fromEntries(Object.entries(files).map(([path, spec]) => [path, expand(spec)])));
  return folder;
}

const scan = (cwd: string, args: readonly string[] = ["corpus.yaml"]) =>
  corpusgate(["scan", ...args, "--out", "run", "--device", "cpu"], { cwd });

/** One message, in our words: no stack, no progress around it. */
function expectRefused({ code, stdout, stderr }: Ended, says: readonly string[], exit = 64, lines = 1): void {
  expect({ code, stderr }).toMatchObject({ code: exit });
  expect(stdout).toBe("");
  for (const part of says) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(/^ {4}at /m);
  const isOptions = stderr.startsWith("error: ");
  expect(stderr.match(/^(corpusgate|error): /gm)).toHaveLength(1);
  const hint = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("(corpusgate")).length;
  if (!isOptions) expect(hint, stderr).toBe(lines);
}

describe("refused", () => {
  it.concurrent.each(cases.refused)("$name", async (one) => {
    const folder = prepare(one);
    expectRefused(await scan(folder, one.command), one.says ?? [], one.exit, one.lines);
    expect(reportTextOf(join(folder, "run"))).toBeNull();
  });
});

describe("counted", () => {
  it.concurrent.each(cases.counted)("$name", async (one) => {
    const folder = prepare(one);
    const { code, stderr } = await scan(folder, one.command);
    const run = join(folder, "run");
    expect({ code, stderr }).toMatchObject({ code: one.exit });
    const report = expectSound(reportTextOf(run) ?? "");
    expect(report.exitCode).toBe(one.exit);
    expect(existsSync(join(run, "report.html"))).toBe(true);
    if (one.source !== undefined) expect(report.sources[0]).toMatchObject(one.source);
    if (one.sources_are !== undefined) {
      expect(report.sources).toHaveLength(one.sources_are.length);
      expect(report.sources).toMatchObject(one.sources_are);
    }
    for (const [path, expected] of Object.entries(one.file ?? {})) {
      expect(report.files.find((file) => file.path === path)).toMatchObject(expected);
    }
    for (const [field, [least, most]] of Object.entries(one.some ?? {})) {
      const value = report.sources[0]?.[field as "rows"] as number;
      expect(value).toBeGreaterThanOrEqual(least);
      expect(value).toBeLessThanOrEqual(most);
    }
    if (one.allNotAssessed !== undefined) {
      const [source] = report.sources as [Report["sources"][number]];
      expect(source.records).toBeGreaterThan(0);
      expect(source.notAssessed).toEqual({ [one.allNotAssessed]: source.records });
    }
    for (const part of one.says ?? []) expect(stderr).toContain(part);
  });
});

const good = {
  name: "good",
  sources: [{ id: "s", files: ["s.jsonl"] }],
  files: { "s.jsonl": { lines: [{ id: "1", text: "fine" }] } },
};

describe("the run folder", () => {
  it("refuses another plan, and starts anew with --fresh", async () => {
    const folder = prepare(good);
    expect((await scan(folder)).code).toBe(0);
    const before = reportTextOf(join(folder, "run"));
    writeFiles(folder, { "s.jsonl": { lines: [{ id: "1", text: "smuggle" }] } });
    expectRefused(await scan(folder), ["holds another plan", "--fresh"]);
    expect(reportTextOf(join(folder, "run"))).toBe(before);
    expectRefused(await scan(folder, ["corpus.yaml", "--nonce", "00ff"]), ["holds another plan"]);
    const mine = join(folder, "run", "notes.txt");
    writeFileSync(mine, "kept");
    expect((await scan(folder, ["corpus.yaml", "--fresh"])).code).toBe(1);
    expect(reportOf(join(folder, "run")).totals.flagged).toBe(1);
    expect(readFileSync(mine, "utf8")).toBe("kept");
  });

  it.each([
    ["library", { "library.yaml": { yaml: { ...library, entries: library.entries.slice(1) } } }],
    ["policy", { "policy.yaml": { yaml: { ...policy, profile: "gbt-45652-2025" } } }],
  ] as [string, Record<string, FileSpec>][])("takes another %s for another plan", async (_, changed) => {
    const folder = prepare(good);
    expect((await scan(folder)).code).toBe(0);
    writeFiles(folder, changed);
    expectRefused(await scan(folder), ["holds another plan"]);
  });

  it("does not take layout and comments for another plan", async () => {
    const folder = prepare(good);
    expect((await scan(folder)).code).toBe(0);
    const before = reportTextOf(join(folder, "run"));
    for (const name of ["library.yaml", "policy.yaml", "corpus.yaml"]) {
      writeFileSync(join(folder, name), `# a comment\n${readFileSync(join(folder, name), "utf8")}\n\n`);
    }
    expect((await scan(folder, ["corpus.yaml", "--workers", "1", "--shard-size", "1KiB"])).code).toBe(0);
    expect(reportTextOf(join(folder, "run"))).toBe(before);
  });

  it("refuses a folder that another scan holds, and takes over one whose scan is gone", async () => {
    const folder = prepare(good);
    folderAt(folder, "run");
    const lock = join(folder, "run", "run.lock");
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
    expectRefused(await scan(folder), [`another scan (process ${process.pid}) holds `, "run.lock"]);
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: "1" }));
    expect((await scan(folder)).code).toBe(0);
    expect(existsSync(lock)).toBe(false);
    writeFileSync(lock, "");
    expect((await scan(folder)).code).toBe(0);
  });

  it.each(["", "{}", "not JSON"])("refuses a run.json that is %j", async (text) => {
    const folder = prepare(good);
    writeFiles(folder, { "run/run.json": text });
    expectRefused(await scan(folder), ["run.json", "--fresh starts anew"]);
  });

  it("refuses a path that is a file", async () => {
    const folder = prepare({ ...good, files: { ...good.files, run: "a file" } });
    expectRefused(await scan(folder), ["run folder ", "cannot be used"], 70);
  });
});

/** Field 22 of /proc/PID/stat, as proc(5) has it. */
function startOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

describe("the world around", () => {
  it("counts a file that may not be read, and goes on", async (context) => {
    const folder = prepare({ ...good, sources: [{ id: "s", files: ["s.jsonl", "t.jsonl"] }] });
    writeFiles(folder, { "t.jsonl": { lines: [{ text: "secret" }] } });
    chmodSync(join(folder, "t.jsonl"), 0);
    folderAt(folder, "run");
    // root reads everything, so the command runs as nobody, in folders that nobody may enter and write.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const path of [folder, join(folder, "run")]) chmodSync(path, 0o777);
    const prefix = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
    const options = { cwd: folder, prefix };
    const version = await corpusgate(["--version"], options).catch(() => null);
    if (version?.code !== 0) context.skip("the command cannot run as a user who may not read everything");
    const { code, stderr } = await corpusgate(["scan", "corpus.yaml", "--out", "run", "--device", "cpu"], options);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    const report = expectSound(reportTextOf(join(folder, "run")) ?? "");
    expect(report.files.map(({ path, status }) => [path, status])).toEqual([
      ["s.jsonl", "scanned"],
      ["t.jsonl", "unreadable"],
    ]);
    expect(report.sources[0]?.gate).toMatchObject({ result: "not-decided", reasons: ["file-unreadable"] });
    expect(stderr).toContain("t.jsonl: unreadable: ");
  });

  it("ends as ever when nobody reads its output", async () => {
    const folder = prepare(good);
    const running = startCorpusgate(["scan", "corpus.yaml", "--out", "run", "--device", "cpu", "--json"], {
      cwd: folder,
    });
    running.process.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).not.toContain("EPIPE");
    expectSound(reportTextOf(join(folder, "run")) ?? "");
  });

  it("prints no control character of a file name", async () => {
    const folder = prepare({ name: "", sources: [{ id: "s", files: ["a\u001b[31m.jsonl", "b\u202e.jsonl"] }] });
    const { code, stderr } = await scan(folder);
    expect(code).toBe(2);
    expect(stderr).toContain("a⟨U+001B⟩[31m.jsonl");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
  });
});
