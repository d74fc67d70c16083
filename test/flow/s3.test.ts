/** Corpora in S3: the report of a local scan, whatever the network does; and what is said where there is none. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Report } from "../../src/report/report.ts";
import {
  corpusgate,
  type Ended,
  fromRoot,
  newFolder,
  type RunOptions,
  reportOf,
  reportTextOf,
  startCorpusgate,
} from "./_command.ts";
import { bytesOf, type FileSpec, writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";
import { type Deed, freePort, type Gateway, type S3, type Seen, secrets, startProxy, startS3 } from "./_s3.ts";

const started = await startS3();
const absent = "absent" in started ? started.absent : null;
const s3 = started as S3;
const proxy: Gateway = absent === null ? await startProxy(s3.url) : (undefined as unknown as Gateway);
afterAll(() => {
  if (absent !== null) return;
  proxy.stop();
  s3.stop();
});

/** What of the environment reaches the command. */
const noAws = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith("AWS_"))
    .map((name) => [name, undefined]),
);
const aws = (changes: Record<string, string | undefined> = {}): RunOptions["env"] => ({
  ...{ ...noAws, ...secrets, AWS_ENDPOINT_URL: proxy.url, AWS_ALLOW_HTTP: "true", AWS_REGION: "us-east-1" },
  ...{ AWS_EC2_METADATA_DISABLED: "true", ...changes },
});

interface Scan {
  readonly args?: readonly string[];
  readonly env?: Record<string, string | undefined>;
  readonly out?: string;
}

const argsOf = (what: readonly string[], { args = [], out = "run" }: Scan) =>
  ["scan", ...what, "--out", out, "--device", "cpu", "--workers", "2", ...args] as const;

/** Scans in a folder; whatever happens, no secret is anywhere. */
async function scan(folder: string, what: readonly string[] = ["corpus.yaml"], how: Scan = {}): Promise<Ended> {
  const ended = await corpusgate(argsOf(what, how), { cwd: folder, env: aws(how.env) });
  expectNoSecret(folder, ended);
  return ended;
}

function expectNoSecret(folder: string, { stdout, stderr }: Ended): void {
  const written = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  for (const [name, secret] of Object.entries(secrets)) {
    for (const text of [stdout, stderr, ...written]) expect(text.includes(secret), name).toBe(false);
  }
}

const library = fromRoot("examples/library/library.yaml");
const small = {
  "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
  "policy.yaml": "version: 1\nstages: { fast: off }\n",
};

/** A folder with a small library and a register of one source. */
function prepare(files: readonly string[], changes: object = {}): string {
  const folder = newFolder();
  const register = {
    version: 1,
    library: "library.yaml",
    policy: "policy.yaml",
    sources: [{ id: "s", files }],
    ...changes,
  };
  writeFiles(folder, { ...small, "corpus.yaml": { yaml: register } });
  return folder;
}

const lines = (count: number, width = 20, of = "fine") => ({
  lines: Array.from({ length: count }, (_, n) => ({ id: n, text: `${n} ${of} ${"x".repeat(width)}` })),
});

/** A report without what the paths enter: seed, digest of the plan, and what chance drew. */
function comparable(text: string): unknown {
  const report = expectSound(text) as unknown as Record<string, unknown> & Report;
  const files = report.files.map((file) => ({ ...file, path: file.path.split("/").at(-1) }));
  const { seed: _, planDigest: __, technicalSample, ...rest } = report;
  // A sample is of other records under another seed.
  const { qualified, ...technical } = technicalSample;
  return { ...rest, files, technical, qualified: technical.over === "all" ? qualified : null };
}

beforeEach(() => {
  if (absent === null) proxy.reset();
});

const gets = (path: RegExp) => proxy.seen.filter((seen) => seen.method === "GET" && path.test(seen.path));

describe.skipIf(absent !== null)(`a corpus in S3${absent === null ? "" : ` (skipped: ${absent})`}`, () => {
  const example = parse(readFileSync(fromRoot("examples/corpus.yaml"), "utf8")) as { sources: { files: string[] }[] };
  /** The example corpus with its files in a bucket. */
  const exampleIn = (storage?: object) => {
    const sources = example.sources.map((source) => ({
      ...source,
      files: source.files.map((file) => file.replace(/^corpus\//, "s3://example/corpus/")),
    }));
    const folder = newFolder();
    writeFiles(folder, { "corpus.yaml": { yaml: { ...example, library, sources, storage } } });
    return folder;
  };
  let reference: unknown;

  it("has the report of the same corpus on the disk", async () => {
    const names = readdirSync(fromRoot("examples/corpus"));
    for (const name of names) {
      await s3.put("example", `corpus/${name}`, readFileSync(fromRoot(`examples/corpus/${name}`)));
    }
    const local = newFolder();
    const onDisk = await corpusgate(argsOf([fromRoot("examples/corpus.yaml")], {}), { cwd: local });
    expect(onDisk.code, onDisk.stderr).toBe(1);
    reference = comparable(reportTextOf(join(local, "run")) ?? "");
    const folder = exampleIn();
    const { code, stderr } = await scan(folder);
    expect(code, stderr).toBe(1);
    const text = reportTextOf(join(folder, "run")) ?? "";
    expect(comparable(text)).toEqual(reference);
    for (const file of (JSON.parse(text) as Report).files) expect(file.path).toMatch(/^s3:\/\/example\/corpus\/[^/]+$/);
    // Every request after the first for an object asks for the content that the first one saw.
    for (const seen of gets(/./).filter(({ from }) => from !== null && from > 0)) expect(seen.ifMatch).toMatch(/^"/);
  });

  it("has it through a network that breaks, stalls and refuses", async () => {
    const folder = exampleIn({ timeoutSeconds: 3 });
    const done = { slow: 0, failed: 0, cut: 0, dropped: 0, stalled: 0 };
    const resumed = new Set<string>();
    const slow = new Set<string>();
    let turn = 0;
    proxy.deed = ({ path, from, before }: Seen): Deed => {
      const place = `${path} ${from}`;
      if (from === null || resumed.has(place)) return "pass";
      if (slow.has(place) && before < 2) return { status: 503, code: "SlowDown" };
      if (before > 0) return "pass";
      switch (turn++ % 6) {
        case 0:
          done.slow++;
          slow.add(place);
          return { status: 503, code: "SlowDown" };
        case 1:
          done.failed++;
          return { status: 500, code: "InternalError" };
        case 2:
          done.cut++;
          resumed.add(`${path} ${from + 700}`);
          return { dropAfter: 700 };
        case 3:
          done.dropped++;
          return "drop";
        case 4:
          if (done.stalled === 2) return "pass";
          done.stalled++;
          resumed.add(`${path} ${from + 900}`);
          return { stallAfter: 900 };
        default:
          return "pass";
      }
    };
    const { code, stderr } = await scan(folder);
    expect(code, stderr).toBe(1);
    expect(comparable(reportTextOf(join(folder, "run")) ?? "")).toEqual(reference);
    for (const [deed, times] of Object.entries(done)) expect(times, deed).toBeGreaterThan(0);
    // It went on where the connection broke, and did not begin anew.
    for (const place of resumed) expect(proxy.seen.map(({ path, from }) => `${path} ${from}`)).toContain(place);
  });

  it("goes on after SIGKILL, and reads nothing again that is done", async () => {
    const folder = exampleIn();
    const args = ["--shard-size", "64KiB"];
    const tallies = (out: string) => {
      const path = join(folder, out, "tally");
      const names = readdirSync(path).filter((name) => name.endsWith(".json"));
      return new Map(names.map((name) => [name, statSync(join(path, name)).mtimeMs]));
    };
    expect((await scan(folder, ["corpus.yaml"], { args, out: "whole" })).code).toBe(1);
    const running = startCorpusgate(argsOf(["corpus.yaml"], { args, out: "killed" }), { cwd: folder, env: aws() });
    const begun = () => {
      try {
        return tallies("killed").size >= 3;
      } catch {
        return false;
      }
    };
    while (!begun() && running.process.exitCode === null) await sleep(2);
    running.process.kill("SIGKILL");
    await running.ended;
    const before = tallies("killed");
    expect(before.size).toBeGreaterThan(0);
    expect(before.size).toBeLessThan(tallies("whole").size);
    expect((await scan(folder, ["corpus.yaml"], { args, out: "killed" })).code).toBe(1);
    expect(reportTextOf(join(folder, "killed"))).toBe(reportTextOf(join(folder, "whole")));
    for (const [name, time] of before) expect(tallies("killed").get(name)).toBe(time);
  });

  it("has odd sizes, damage and nothing at all counted as on the disk", async () => {
    const sized = (bytes: number) => {
      const text = `${JSON.stringify({ text: "smuggle" })}\n`.repeat(10);
      return `${text}${JSON.stringify({ text: "x".repeat(bytes - text.length - 12) })}\n`;
    };
    const table = (rows: number) => ({
      id: Array.from({ length: rows }, (_, n) => `r${n}`),
      text: Array.from({ length: rows }, (_, n) => (n % 7 === 0 ? `smuggle ${n}` : `fine ${n} ${"汉".repeat(n % 50)}`)),
    });
    const files: Record<string, FileSpec> = {
      "empty.jsonl": "",
      "one.jsonl": "\n",
      ...Object.fromEntries([65_535, 65_536, 65_537, 131_072, 131_073].map((n) => [`size-${n}.jsonl`, sized(n)])),
      "cut.jsonl.gz": { ...lines(40_000), gz: true, keep: 0.6 },
      "flipped.jsonl.gz": { ...lines(40_000), gz: true, flip: 0.5 },
      "file.arrow": { arrow: table(20_000) },
      "stream.arrow": { stream: table(20_000) },
      "cut.arrow": { stream: table(20_000), keep: 0.7 },
      "cut.parquet": { copy: "examples/corpus/posts-en.parquet", keep: 0.5 },
      "flipped.parquet": { copy: "examples/corpus/posts-en.parquet", flip: 0.3 },
      "none.bin": { text: "what is this" },
    };
    const source = (name: string, where: string) => ({ id: name, files: [`${where}${name}`] });
    const names = Object.keys(files);
    const folder = newFolder();
    writeFiles(folder, Object.fromEntries(names.map((name) => [`data/${name}`, files[name] as FileSpec])));
    for (const name of names) await s3.put("odd", name, readFileSync(join(folder, "data", name)));
    const register = (where: string) => ({
      ...{ version: 1, library: "library.yaml", policy: "policy.yaml" },
      sources: names.map((name) => source(name, where)),
    });
    writeFiles(folder, {
      ...small,
      "local.yaml": { yaml: register("data/") },
      "s3.yaml": { yaml: register("s3://odd/") },
    });
    const onDisk = await scan(folder, ["local.yaml"], { out: "local" });
    const inS3 = await scan(folder, ["s3.yaml"], { out: "s3" });
    expect({ code: inS3.code, stderr: inS3.stderr.includes("corpusgate:") }, inS3.stderr).toEqual({
      code: onDisk.code,
      stderr: false,
    });
    const [local, remote] = ["local", "s3"].map((out) => comparable(reportTextOf(join(folder, out)) ?? "")) as [
      Report,
      Report,
    ];
    expect(remote).toEqual(local);
    expect(new Set(local.files.map(({ status }) => status))).toEqual(
      new Set(["scanned", "file-damaged", "unknown-format"]),
    );
  });

  it("has the headers of a stream walked once, not for each shard", async () => {
    // Record batches that are too large for the next header to be in what the last one came with.
    const batches = 30;
    const table = Array.from({ length: batches }, (_, batch) =>
      tableFromArrays({
        text: Array.from({ length: 100 }, (_, n) => `${batch} ${n} ${"x".repeat(3000)}`),
      }),
    ).reduce((all, one) => all.concat(one));
    await s3.put("walked", "a.arrow", tableToIPC(table, "stream"));
    const folder = prepare(["s3://walked/a.arrow"]);
    const { code, stderr } = await scan(folder, ["corpus.yaml"], { args: ["--shard-size", "1MiB"] });
    expect(code, stderr).toBe(0);
    expect(reportOf(join(folder, "run")).totals).toMatchObject({ rows: 3000, assessed: 3000 });
    const shards = readdirSync(join(folder, "run", "tally")).length;
    expect(shards).toBeGreaterThan(5);
    // One request for a header, one for a body, and the ends of the object for each shard.
    expect(gets(/a\.arrow$/).length).toBeLessThan(2 * batches + 4 * shards);
  });

  it("is read in bounded memory, however large", async () => {
    // Lines of two kilobytes, in shards that are cut anywhere, and one batch of 24 MB with columns that nobody reads.
    const large = { "a.jsonl": bytesOf(lines(24_000, 2000)), "b.arrow": largeTable() };
    for (const [name, bytes] of Object.entries(large)) await s3.put("large", name, bytes);
    const folder = prepare(["s3://large/*"]);
    const running = startCorpusgate(argsOf(["corpus.yaml"], { args: ["--shard-size", "8MiB"] }), {
      cwd: folder,
      env: aws(),
    });
    let peak = 0;
    while (running.process.exitCode === null && running.process.signalCode === null) {
      try {
        const status = readFileSync(`/proc/${running.process.pid}/status`, "utf8");
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
      } catch {
        // It is over.
      }
      await sleep(20);
    }
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    expect(reportOf(join(folder, "run")).totals).toMatchObject({ rows: 24_000 + 12_000, assessed: 36_000, flagged: 0 });
    // Node itself and two workers take some 200 MB; the objects have 74 MB.
    expect(peak).toBeGreaterThan(50_000);
    expect(peak).toBeLessThan(420_000);
    // Nothing is read much more often than the once that it must be.
    expect(gets(/^\/large\/a\.jsonl$/).length).toBeLessThan(60);
  });

  const largeTable = () => {
    const rows = 12_000;
    const wide = (letter: string) => Array.from({ length: rows }, (_, n) => `${n}${letter.repeat(700)}`);
    return tableToIPC(tableFromArrays({ before: wide("b"), text: wide("t"), behind: wide("c") }), "stream");
  };
});

describe.skipIf(absent !== null)("patterns", () => {
  const keys = [
    ...["x/a.jsonl", "x/b.jsonl.gz", "x/deep/c.jsonl", "x/deep/er/d.jsonl", "x/deep/er/readme.txt", "y/a.jsonl"],
    ...["x/.hidden/e.jsonl", "odd [1]{2}!(3).jsonl", "中文 名/a+b%20c&d.jsonl", "xa.jsonl"],
  ];

  const urls = async (...files: string[]) => {
    for (const key of keys) {
      await s3.put("globs", key, bytesOf({ ...lines(3), gz: key.endsWith(".gz") }));
    }
    // What a web console makes for a folder.
    await s3.put("globs", "x/", "");
    const folder = prepare(files);
    const { code, stdout, stderr } = await scan(folder, ["corpus.yaml"], { args: ["--dry-run", "--json"] });
    expect(code, stderr).toBe(0);
    const plan = JSON.parse(stdout) as { files: { path: string; problem: { code: string } | null }[] };
    return plan.files.map(
      ({ path, problem }) => `${path.replace(/^s3:\/\/globs\//, "")}${problem === null ? "" : ` ${problem.code}`}`,
    );
  };

  it.each([
    [["s3://globs/x/a.jsonl"], ["x/a.jsonl"]],
    [["S3://globs/x/a.jsonl"], ["x/a.jsonl"]],
    [["s3://globs/x/*.jsonl"], ["x/a.jsonl"]],
    [["s3://globs/x/**/*.jsonl"], ["x/a.jsonl", "x/deep/c.jsonl", "x/deep/er/d.jsonl"]],
    [["s3://globs/*/a.{jsonl,parquet}"], ["x/a.jsonl", "y/a.jsonl"]],
    [["s3://globs/x*.jsonl"], ["xa.jsonl"]],
    [["s3://globs/x/"], ["x/.hidden/e.jsonl", "x/a.jsonl", "x/b.jsonl.gz", "x/deep/c.jsonl", "x/deep/er/d.jsonl"]],
    [["s3://globs/x/deep"], ["x/deep/c.jsonl", "x/deep/er/d.jsonl"]],
    [["s3://globs/odd [1]{2}!(3).jsonl"], ["odd [1]{2}!(3).jsonl"]],
    [["s3://globs/中文 名/a+b%20c&d.jsonl"], ["中文 名/a+b%20c&d.jsonl"]],
    [["s3://globs/中文*/*"], ["中文 名/a+b%20c&d.jsonl"]],
    [["s3://globs/none.jsonl"], ["none.jsonl missing"]],
    [
      ["s3://globs/none-*.jsonl", "s3://globs/y/*"],
      ["none-*.jsonl missing", "y/a.jsonl"],
    ],
  ])("%j", async (files, expected) => {
    expect(await urls(...files)).toEqual(expected);
  });

  it("on the command line are sources named after their objects, beside files of the disk", async () => {
    const folder = newFolder();
    writeFiles(folder, { ...small, "local.jsonl": lines(5) });
    for (const key of ["p/a.jsonl", "q/a.jsonl", "p/b.jsonl"]) await s3.put("named", key, bytesOf(lines(4)));
    const args = ["--library", "library.yaml", "--policy", "policy.yaml"];
    const { code, stderr } = await scan(folder, ["s3://named/**/*.jsonl", "local.jsonl", "s3://named/p/b.jsonl"], {
      args,
    });
    expect(code, stderr).toBe(0);
    const { sources, files } = reportOf(join(folder, "run"));
    expect(sources.map(({ id, rows }) => [id, rows])).toEqual([
      ["local", 5],
      ["named/p/a.jsonl", 4],
      ["b", 4],
      ["named/q/a.jsonl", 4],
    ]);
    expect(files.map(({ path }) => path)).toEqual([
      ...["local.jsonl", "s3://named/p/a.jsonl", "s3://named/p/b.jsonl", "s3://named/q/a.jsonl"],
    ]);
  });

  it("are listed by --dry-run", async () => {
    await s3.put("dry", "a.jsonl", bytesOf(lines(4)));
    const { code, stdout } = await scan(prepare(["s3://dry/*"]), ["corpus.yaml"], { args: ["--dry-run"] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^s\ts3:\/\/dry\/a\.jsonl\t\d+ bytes\tjsonl, 1 shards$/m);
  });

  it("of a public bucket need no credentials", async () => {
    await s3.put("public", "a.jsonl", bytesOf(lines(4)), { "x-amz-acl": "public-read" });
    const env = { AWS_SKIP_SIGNATURE: "true", ...without };
    const { code, stderr } = await scan(prepare(["s3://public/a.jsonl"]), ["corpus.yaml"], { env });
    expect(code, stderr).toBe(0);
  });
});

const without = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_SESSION_TOKEN: undefined };

/** One message in our words, without a stack. */
function expectRefused(ended: Ended, exit: number, says: readonly string[]): void {
  expect(ended.code, ended.stderr).toBe(exit);
  for (const part of says) expect(ended.stderr).toContain(part);
  expect(ended.stderr.match(/^corpusgate: /gm)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/^ {4}at /m);
}

describe.skipIf(absent !== null)("objects that are not there or not to be read", () => {
  const prepared = async () => {
    for (const key of ["a.jsonl", "b.jsonl"]) await s3.put("objects", key, bytesOf(lines(4)));
    return prepare(["s3://objects/a.jsonl", "s3://objects/b.jsonl", "s3://objects/gone.jsonl"]);
  };
  const files = (folder: string) =>
    reportOf(join(folder, "run")).files.map(({ path, status, reason }) => [path, status, reason]);

  it("count as missing and unreadable, and leave their source undecided", async () => {
    const folder = await prepared();
    proxy.deed = ({ path }) => (path === "/objects/b.jsonl" ? { status: 403, code: "AccessDenied" } : "pass");
    const { code } = await scan(folder);
    expect(code).toBe(2);
    expect(files(folder)).toEqual([
      ["s3://objects/a.jsonl", "scanned", null],
      ["s3://objects/b.jsonl", "unreadable", "HTTP 403 (AccessDenied): the credentials may not read it (s3:GetObject)"],
      ["s3://objects/gone.jsonl", "missing", "no such object"],
    ]);
    expect(reportOf(join(folder, "run")).sources[0]?.gate).toMatchObject({
      result: "not-decided",
      reasons: expect.arrayContaining(["file-missing", "file-unreadable"]),
    });
  });

  it("say so where requests are unsigned", async () => {
    await s3.put("objects", "private.jsonl", bytesOf(lines(4)));
    const env = { AWS_SKIP_SIGNATURE: "true" };
    const folder = prepare(["s3://objects/private.jsonl"]);
    expect((await scan(folder, ["corpus.yaml"], { env })).code).toBe(2);
    expect(files(folder)[0]?.[2]).toMatch(
      /^HTTP 403: it may not be read without credentials; unset AWS_SKIP_SIGNATURE/,
    );
  });

  it("are wrong use on the command line", async () => {
    await prepared();
    const ended = await scan(newFolder(), ["s3://objects/gone.jsonl"]);
    expectRefused(ended, 64, ["s3://objects/gone.jsonl: no such object"]);
  });
});

describe.skipIf(absent !== null)("an object that is replaced", () => {
  const first = bytesOf(lines(20_000, 40, "fine ok"));
  /** As long, with the same 64 KiB at both ends. */
  const second = Uint8Array.from(first);
  second.set(Buffer.from("evil"), first.length / 2);

  it.each([
    ["after the plan, by another size", first.slice(0, -100), 0, /size was \d+ and is \d+/],
    ["after the plan, in the middle alone", second, 0, /ETag was "\w+" and is "\w+"/],
    ["while it is read", second, 65_536, /ETag was "\w+" and is another one/],
  ])("%s is an error, and no mixture", async (_, replacement, place, says) => {
    await s3.put("replaced", "a.jsonl", first);
    const folder = prepare(["s3://replaced/a.jsonl"]);
    let done = false;
    proxy.deed = async ({ from, before }): Promise<Deed> => {
      // The plan asks for both ends; the scan asks again, and then for what lies between.
      if (!done && from === place && before === (place === 0 ? 1 : 0)) {
        done = true;
        await s3.put("replaced", "a.jsonl", replacement);
      }
      return "pass";
    };
    const ended = await scan(folder);
    expect(done).toBe(true);
    expectRefused(ended, 70, ["s3://replaced/a.jsonl: changed since it was inspected: "]);
    expect(ended.stderr).toMatch(says);
    expect(reportTextOf(join(folder, "run"))).toBeNull();
  });

  it("between two runs is scanned again, though size, ends and time are the same", async () => {
    await s3.put("replaced", "b.jsonl", bytesOf(lines(4, 40)));
    await s3.put("replaced", "a.jsonl", first);
    const folder = prepare(["s3://replaced/a.jsonl", "s3://replaced/b.jsonl"]);
    expect((await scan(folder)).code).toBe(0);
    const evil = Uint8Array.from(first);
    // One record in the middle that is flagged; the report must see it.
    const at = Buffer.from(first).indexOf("fine ok", first.length / 2);
    evil.set(Buffer.from("smuggle"), at);
    await s3.put("replaced", "a.jsonl", evil);
    expect((await scan(folder)).code).toBe(0);
    expect(reportOf(join(folder, "run")).totals.flagged).toBe(1);
  });

  it("or is gone when the scan comes to it is an error", async () => {
    await s3.put("replaced", "c.jsonl", bytesOf(lines(4)));
    proxy.deed = ({ path, before }) =>
      path.endsWith("c.jsonl") && before > 0 ? { status: 404, code: "NoSuchKey" } : "pass";
    const ended = await scan(prepare(["s3://replaced/c.jsonl"]));
    expectRefused(ended, 70, ["s3://replaced/c.jsonl: HTTP 404 (NoSuchKey): there is no such object"]);
  });
});

describe.skipIf(absent !== null)("a store that nothing can be read from", () => {
  const url = "s3://refused/a.jsonl";
  const ask = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

  it.each<[string, Deed, readonly string[]]>([
    [
      "a key that it does not know",
      { status: 403, code: "InvalidAccessKeyId" },
      ["HTTP 403 (InvalidAccessKeyId)", "does not accept the credentials", ask],
    ],
    ["a token that is too old", { status: 400, code: "ExpiredToken" }, ["HTTP 400 (ExpiredToken)", ask]],
    [
      "a wrong secret",
      {
        status: 403,
        body: `<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>${secrets.AWS_ACCESS_KEY_ID}</AWSAccessKeyId><CanonicalRequest>x-amz-security-token:${secrets.AWS_SESSION_TOKEN}</CanonicalRequest></Error>`,
      },
      ["HTTP 403 (SignatureDoesNotMatch)", ask],
    ],
    [
      "another region",
      { status: 301, code: "PermanentRedirect" },
      ["HTTP 301 (PermanentRedirect)", 'bucket "refused" is not in region us-east-1', "AWS_REGION or storage.region"],
    ],
    [
      "another region that it names",
      { status: 400, body: "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>" },
      ["HTTP 400 (AuthorizationHeaderMalformed)", "storage.region to eu-west-1"],
    ],
    ["a wrong clock", { status: 403, code: "RequestTimeTooSkewed" }, ["clock"]],
    [
      "a bucket that is not there",
      { status: 404, code: "NoSuchBucket" },
      ['there is no bucket "refused" at http://127.0.0.1', "storage.endpoint"],
    ],
  ])("refuses %s as configuration", async (_, deed, says) => {
    proxy.deed = () => deed;
    expectRefused(await scan(prepare([url])), 64, [`${url}: `, ...says]);
  });

  it.each<[string, Deed, readonly string[]]>([
    ["fails again and again", { status: 503, code: "SlowDown" }, ["HTTP 503 (SlowDown), also when tried again"]],
    ["hangs up", "drop", ["the connection broke"]],
    ["stalls", { stallAfter: 3 }, ["no answer in time"]],
    ["is no S3", { status: 200, body: "<html>Welcome</html>" }, ["none of S3"]],
  ])("that %s ends the command, in bounded time", async (_, deed, says) => {
    await s3.put("refused", "a.jsonl", bytesOf(lines(100)));
    proxy.deed = () => deed;
    const begun = performance.now();
    const ended = await scan(prepare([url], { storage: { timeoutSeconds: 1, retries: 2 } }));
    expectRefused(ended, 70, [`${url}: `, ...says, "cannot be read now"]);
    expect(performance.now() - begun).toBeLessThan(60_000);
  });

  it("that cannot be reached says where and why", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const ended = await scan(prepare([url], { storage: { endpoint, retries: 1 } }));
    expectRefused(ended, 70, [
      url,
      "no connection (Connection refused",
      endpoint,
      "AWS_ENDPOINT_URL or storage.endpoint",
    ]);
    const nowhere = await scan(prepare([url], { storage: { endpoint: "http://no-such-host.invalid", retries: 0 } }));
    expectRefused(nowhere, 70, [url, "no connection (", "http://no-such-host.invalid"]);
  });

  it("without TLS is refused, and so is TLS that nobody speaks", async () => {
    expectRefused(await scan(prepare([url]), ["corpus.yaml"], { env: { AWS_ALLOW_HTTP: undefined } }), 64, [
      `the endpoint ${proxy.url} is not encrypted; AWS_ALLOW_HTTP=true allows that`,
    ]);
    const env = { AWS_ENDPOINT_URL: proxy.url.replace("http:", "https:"), AWS_MAX_ATTEMPTS: "1" };
    expectRefused(await scan(prepare([url]), ["corpus.yaml"], { env }), 70, [
      "no trusted connection (",
      "SSL_CERT_FILE",
    ]);
  });

  it("without credentials says what to set", async () => {
    expectRefused(await scan(prepare([url]), ["corpus.yaml"], { env: without }), 64, [
      `${url}: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
      "AWS_SKIP_SIGNATURE=true for a public bucket",
    ]);
    const half = { AWS_SECRET_ACCESS_KEY: undefined };
    expectRefused(await scan(prepare([url]), ["corpus.yaml"], { env: half }), 64, [
      "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not",
    ]);
  });

  it("that may not be listed says so", async () => {
    proxy.deed = ({ query }) => (query.includes("list-type") ? { status: 403, code: "AccessDenied" } : "pass");
    const ended = await scan(prepare(["s3://refused/*.jsonl"]));
    expectRefused(ended, 64, [
      "s3://refused/*.jsonl: HTTP 403 (AccessDenied): the credentials may not list it (s3:ListBucket)",
    ]);
  });

  it("that goes away in the middle leaves a run that goes on", async () => {
    for (let n = 0; n < 12; n++) await s3.put("away", `${n}.jsonl`, bytesOf(lines(2000)));
    const folder = prepare(["s3://away/*"], { storage: { retries: 1 } });
    expect((await scan(folder, ["corpus.yaml"], { out: "whole" })).code).toBe(0);
    proxy.seen.length = 0;
    // The plan takes two requests of each; then some shards are read.
    proxy.deed = () => (proxy.seen.length > 36 ? "drop" : "pass");
    expectRefused(await scan(folder), 70, ["the connection broke", "the same command goes on from here"]);
    const done = readdirSync(join(folder, "run", "tally")).length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(12);
    proxy.deed = () => "pass";
    expect((await scan(folder)).code).toBe(0);
    expect(reportTextOf(join(folder, "run"))).toBe(reportTextOf(join(folder, "whole")));
  });

  it.each(["the plan", "the scan"])("does not hold up SIGINT during %s", async (when) => {
    await s3.put("stalled", "a.jsonl", bytesOf(lines(4)));
    let isStalled = false;
    proxy.deed = ({ before }) => {
      if (when === "the scan" && before === 0) return "pass";
      isStalled = true;
      return { stallAfter: 1 };
    };
    const folder = prepare(["s3://stalled/a.jsonl"]);
    const running = startCorpusgate(argsOf(["corpus.yaml"], {}), { cwd: folder, env: aws() });
    while (!isStalled && running.process.exitCode === null) await sleep(5);
    const begun = performance.now();
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(performance.now() - begun).toBeLessThan(15_000);
  });
});

describe.skipIf(absent !== null)("a register", () => {
  it.each<[string, object, readonly string[]]>([
    [
      "a secret",
      { secretAccessKey: secrets.AWS_SECRET_ACCESS_KEY },
      ['storage: "secretAccessKey" is not written into a corpus.yaml', "AWS_SECRET_ACCESS_KEY"],
    ],
    [
      "a key",
      { access_key_id: secrets.AWS_ACCESS_KEY_ID },
      ['storage: "access_key_id" is not written into a corpus.yaml'],
    ],
    [
      "credentials in the endpoint",
      { endpoint: `https://${secrets.AWS_ACCESS_KEY_ID}:${secrets.AWS_SECRET_ACCESS_KEY}@host` },
      ["holds credentials"],
    ],
    ["an endpoint that is none", { endpoint: "minio:9000" }, ["is not a URL such as https://minio.example:9000"]],
    ["a field that is none", { bucket: "b" }, ['"bucket" is not one of endpoint, region, timeoutSeconds, retries']],
    ["a region that is none", { region: "eu central" }, ['storage.region: "eu central": is not a region']],
  ])("with %s is refused, with the line and without the value", async (_, storage, says) => {
    const folder = prepare(["s3://b/k"]);
    // The secrets of the register must not be looked for in the register itself.
    const path = join(folder, "corpus.yaml");
    writeFileSync(path, stringify({ ...parse(readFileSync(path, "utf8")), storage }));
    const ended = await corpusgate(argsOf(["corpus.yaml"], {}), { cwd: folder, env: aws() });
    expectRefused(ended, 64, [/corpus\.yaml:\d+:\d+: /.exec(ended.stderr)?.[0] ?? "a line", ...says]);
    for (const secret of Object.values(secrets)) expect(ended.stderr).not.toContain(secret);
  });

  it.each([
    ["gs://bucket/a.jsonl", 'scheme "gs" is not read; s3://bucket/key is'],
    ["s3://b/a.jsonl", '"b" is not a bucket'],
    ["s3://bucket/a/../b.jsonl", 'is empty, "." or ".."'],
    [`s3://${secrets.AWS_ACCESS_KEY_ID}:${secrets.AWS_SECRET_ACCESS_KEY}@bucket/a.jsonl`, "a URL holds no credentials"],
  ])("with %s is refused", async (file, says) => {
    const folder = prepare([file]);
    const ended = await corpusgate(argsOf(["corpus.yaml"], {}), { cwd: folder, env: aws() });
    expectRefused(ended, 64, [says]);
    for (const secret of Object.values(secrets)) expect(ended.stderr).not.toContain(secret);
  });

  it("says where the store is, before the environment does", async () => {
    await s3.put("told", "a.jsonl", bytesOf(lines(4)));
    const endpoint = proxy.url;
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}`, AWS_REGION: undefined };
    const folder = prepare(["s3://told/a.jsonl"], { storage: { endpoint, region: "eu-central-1" } });
    const { code, stderr } = await scan(folder, ["corpus.yaml"], { env });
    expect(code, stderr).toBe(0);
  });
});
