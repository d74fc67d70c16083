/** What the machine refuses: a full disk, a size limit, a folder that may only be read. Clear errors, nothing broken. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpusgate, type Ended, newFolder, type RunOptions, reportTextOf } from "./_command.ts";
import { writeFiles } from "./_files.ts";

const folder = newFolder();
const mounted: string[] = [];
let reference: string;

const args = (out: string) => [
  ...["scan", "data", "--library", "library.yaml", "--policy", "policy.yaml", "--out", out],
  ...["--shard-size", "64KiB", "--workers", "2", "--quiet"],
];
const scan = (out: string, options: RunOptions = {}) => corpusgate(args(out), { cwd: folder, ...options });

beforeAll(async () => {
  const line = (n: number) => ({
    id: n,
    text: n % 3 === 0 ? `smuggle ${n} ${"x".repeat(200)}` : `fine ${n} ${"y".repeat(200)}`,
  });
  writeFiles(folder, {
    "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
    "data/a.jsonl": { lines: Array.from({ length: 3000 }, (_, n) => line(n)) },
  });
  const { code, stderr } = await scan("whole");
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  reference = reportTextOf(join(folder, "whole")) ?? "";
});

afterAll(() => {
  for (const path of mounted.splice(0)) execFileSync("umount", [path]);
});

/** Mounts a file system of memory; says why it cannot where it cannot. */
function mount(path: string, options: string): string | null {
  mkdirSync(path, { recursive: true });
  if (process.getuid?.() !== 0) return "only root may mount";
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "none", path], { stdio: "pipe" });
  } catch (error) {
    return `mount: ${error instanceof Error ? error.message : error}`;
  }
  mounted.push(path);
  return null;
}

/** The error names a file of the run and the cause, and what is under its own name is whole. */
function expectRefused({ code, stderr }: Ended, out: string, cause: RegExp): void {
  expect({ code, stderr }).toMatchObject({ code: 70 });
  expect(stderr).toContain(join(folder, out));
  expect(stderr).toMatch(cause);
  expect(stderr).not.toMatch(/^ {4}at /m);
  const tally = join(folder, out, "tally");
  for (const name of existsSync(tally) ? readdirSync(tally).filter((name) => name.endsWith(".json")) : []) {
    JSON.parse(readFileSync(join(tally, name), "utf8"));
    expect(existsSync(join(folder, out, "evidence", name.replace(".json", ".arrow")))).toBe(true);
  }
  expect(reportTextOf(join(folder, out))).toBeNull();
}

describe("a disk that is full", () => {
  it("ends the scan with path and cause, and it goes on when there is space", async (context) => {
    const why = mount(join(folder, "small"), "size=1m");
    if (why !== null) context.skip(why);
    const ballast = join(folder, "small", "ballast");
    // Room for the plan and some shards, at three sizes; the rest is somebody else's.
    for (const left of [64, 200, 400]) {
      writeFileSync(ballast, Buffer.alloc((1024 - left) * 1024));
      expectRefused(await scan("small/run"), "small/run", /No space left on device|ENOSPC/);
      rmSync(ballast);
    }
    execFileSync("mount", ["-o", "remount,size=16m", join(folder, "small")]);
    expect((await scan("small/run")).code).toBe(1);
    expect(reportTextOf(join(folder, "small/run"))).toBe(reference);
  });

  it.each([1, 40])("is seen where a file may not grow over %d KiB", async (kib) => {
    const prefix = ["bash", "-c", `ulimit -f ${kib}; exec "$@"`, "bash"];
    const refused = await scan(`limited-${kib}`, { prefix });
    expectRefused(refused, `limited-${kib}`, /File too large|EFBIG/);
    expect((await scan(`limited-${kib}`)).code).toBe(1);
    expect(reportTextOf(join(folder, `limited-${kib}`))).toBe(reference);
  });
});

describe("a folder that may only be read", () => {
  it("is refused", async (context) => {
    const path = join(folder, "read-only");
    mkdirSync(path);
    if (process.getuid?.() === 0) {
      // Root may write whatever the mode says.
      const why = mount(path, "size=1m,ro");
      if (why !== null) context.skip(why);
    } else {
      chmodSync(path, 0o555);
    }
    for (const out of ["read-only", "read-only/run"]) {
      const { code, stderr } = await scan(out);
      expect(code).toBe(70);
      expect(stderr).toContain(`run folder ${join(folder, out)} cannot be used: `);
      expect(stderr).toMatch(/EROFS|EACCES/);
    }
  });
});

describe("a budget of memory", () => {
  it("that is too little is refused, and the least is named", async () => {
    const { code, stderr } = await corpusgate([...args("tiny"), "--memory", "16MiB"], { cwd: folder });
    expect(code).toBe(64);
    const [, least] = /--memory 16MiB is too little; .* the least is (\d+MiB)\n/.exec(stderr) ?? [];
    expect(least).toBeDefined();
    expect(existsSync(join(folder, "tiny"))).toBe(false);
    expect((await corpusgate([...args("tiny"), "--memory", least as string], { cwd: folder })).code).toBe(1);
    expect(reportTextOf(join(folder, "tiny"))).toBe(reference);
  });

  it("that cannot hold all workers has fewer, and says so", async () => {
    const options = ["--memory", "256MiB", "--workers", "64", "--json"];
    const loud = args("few").filter((option) => option !== "--quiet");
    const { code, stderr } = await corpusgate([...loud, ...options], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/"message":"\d of 64 workers: --memory holds no more"/);
    expect(reportTextOf(join(folder, "few"))).toBe(reference);
  });
});
