/** A plan in parts: whatever the parts were scanned on and however often they were killed, their merge is one scan. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { merge, scan, scanPart } from "corpusgate";
import { beforeAll, describe, expect, it } from "vitest";
import { corpusgate, type Ended, newFolder, reportTextOf, startCorpusgate } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const folder = newFolder();
const path = (...parts: string[]) => join(folder, ...parts);
const run = (...args: string[]) => corpusgate(args, { cwd: folder });
const machine = ["--device", "cpu", "--quiet"];

/** A corpus of several formats, one file of which is damaged, one missing, and many small ones. */
beforeAll(() => {
  const words = ["smuggle", "fine", "走私 案卷", "nothing to see"];
  const lines = (count: number, salt: number) =>
    Array.from({ length: count }, (_, n) =>
      n % 37 === 5
        ? "{broken"
        : JSON.stringify({ id: `${salt}-${n}`, text: `${words[(n * salt) % 4]} ${n}`, site: `w${n % 3}` }),
    ).join("\n");
  writeFiles(folder, {
    "library.yaml": "version: 1\nname: l\nentries:\n  - { id: s, text: smuggle, risks: [A1h], severity: block }\n",
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
    "data/large.jsonl": lines(5000, 3),
    "data/packed.jsonl.gz": { text: lines(900, 7), gz: true },
    "data/cut.jsonl.gz": { text: lines(2000, 11), gz: true, keep: 0.6 },
    "data/table.arrow": {
      arrow: {
        id: Array.from({ length: 300 }, (_, n) => `r${n}`),
        text: Array.from({ length: 300 }, (_, n) => `smuggle ${n}`),
      },
    },
    "data/broken.arrow": { arrow: { text: Array.from({ length: 200 }, (_, n) => `smuggle ${n}`) }, flip: 0.5 },
    ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`data/small/${n}.jsonl`, lines(9, n + 1)])),
    "corpus.yaml": {
      yaml: {
        version: 1,
        library: "library.yaml",
        policy: "policy.yaml",
        sources: [
          { id: "large", files: ["data/large.jsonl"], licence: "MIT" },
          { id: "packed", files: ["data/*.jsonl.gz"] },
          { id: "tables", files: ["data/*.arrow", "data/gone.arrow"] },
          { id: "small", files: ["data/small"] },
        ],
      },
    },
    "other.yaml": {
      yaml: {
        ...{ version: 1, library: "library.yaml", policy: "policy.yaml" },
        sources: [{ id: "large", files: ["data/large.jsonl"] }],
      },
    },
  });
});

const cut = ["--shard-size", "16KiB"];

/** Scans the corpus whole, and in parts; returns the report of each. */
async function wholeAndParts(name: string, count: number, ...inputs: string[]): Promise<[string, Ended]> {
  const whole = await run("scan", ...inputs, "--out", `${name}-whole`, ...machine);
  expect(whole.stderr).toBe("");
  const plan = await run("plan", ...inputs, ...cut, "--out", name);
  expect(plan).toMatchObject({ code: 0, stderr: "" });
  for (let index = count; index > 0; index--) {
    // Each of other machines: the number of workers differs.
    const part = await run("scan", "--shard", `${index}/${count}`, "--out", name, "--workers", `${index}`, ...machine);
    expect(part).toMatchObject({ code: 0, stdout: "", stderr: "" });
  }
  const text = reportTextOf(path(`${name}-whole`)) ?? "";
  return [text, whole];
}

describe("parts in any order", () => {
  const cases: [string, number, string[]][] = [
    ["of a register", 3, ["corpus.yaml"]],
    ["with a nonce", 3, ["corpus.yaml", "--nonce", "00ff17"]],
    ["before collection", 2, ["corpus.yaml", "--phase", "pre", "--sample", "70"]],
    [
      "of sources that a column names",
      3,
      [
        ...["data/large.jsonl", "data/small", "--source-column", "site"],
        ...["--library", "library.yaml", "--policy", "policy.yaml"],
      ],
    ],
    [
      "without a stage that the policy needs",
      2,
      ["data/large.jsonl", "--library", "library.yaml", "--stages", "keyword"],
    ],
    [
      "of which there are more than shards",
      4,
      ["data/table.arrow", "--library", "library.yaml", "--policy", "policy.yaml"],
    ],
  ];

  it.each(cases)("%s join to the report of one scan", async (name, count, inputs) => {
    const out = name.replaceAll(" ", "-");
    const [text, whole] = await wholeAndParts(out, count, ...inputs);
    expectSound(text);
    const parts = readdirSync(path(out)).filter((one) => one.startsWith("part-"));
    expect(parts).toHaveLength(count);
    const orders = [parts, parts.toReversed(), [...parts.slice(1), ...parts.slice(0, 1)]];
    for (const [at, order] of orders.entries()) {
      const merged = await run("merge", ...order.map((part) => join(out, part)), "--out", `${out}-${at}`, ...machine);
      expect(merged).toMatchObject({ code: whole.code, stdout: "", stderr: "" });
      expect(reportTextOf(path(`${out}-${at}`))).toBe(text);
    }
    // The folder that holds them all, which is also where the report may go.
    const merged = await run("merge", out, "--out", out, "--device", "cpu", "--json", "--quiet");
    expect(merged).toMatchObject({ code: whole.code, stdout: text, stderr: "" });
    for (const name of ["manual", "technical"]) {
      const sample = (run: string) => readFileSync(path(run, "sample", `${name}.arrow`));
      expect(sample(`${out}-0`).equals(sample(out)), name).toBe(true);
    }
  });

  it("may be planned by each machine for itself, and merged where the corpus is not", async () => {
    const [text] = await wholeAndParts("reference", 1, "corpus.yaml");
    for (const index of [2, 1]) {
      const args = ["scan", "corpus.yaml", ...cut, "--shard", `${index}/2`, "--out", `host-${index}`, ...machine];
      expect((await run(...args)).code).toBe(0);
    }
    const away = newFolder();
    for (const name of ["host-1", "host-2", "library.yaml", "policy.yaml"])
      cpSync(path(name), join(away, name), { recursive: true });
    renameSync(path("data"), path("elsewhere"));
    renameSync(path("library.yaml"), path("library.away"));
    try {
      const args = ["merge", "host-2", "host-1", "--out", "run", ...machine];
      const refused = await corpusgate(args, { cwd: away });
      expect(refused.code).toBe(64);
      expect(refused.stderr).toContain(`${path("library.yaml")} does not exist`);
      const merged = await corpusgate([...args, "--library", "library.yaml"], { cwd: away });
      expect(merged).toMatchObject({ stdout: "", stderr: "" });
      expect(reportTextOf(join(away, "run"))).toBe(text);
    } finally {
      renameSync(path("elsewhere"), path("data"));
      renameSync(path("library.away"), path("library.yaml"));
    }
  });
});

describe("a part", () => {
  const start = (...args: string[]) => startCorpusgate(args, { cwd: folder });
  const tallies = (out: string) => (existsSync(path(out, "tally")) ? readdirSync(path(out, "tally")) : []);

  it("says that it decides nothing", async () => {
    const args = ["scan", "corpus.yaml", ...cut, "--shard", "1/3", "--out", "told", "--device", "cpu"];
    const text = await run(...args);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^part 1 of 3 is done: \d+ shards, \d+ bytes, plan [0-9a-f]{64}\nIt decides nothing: /);
    expect(text.stdout).toContain("corpusgate merge told --out RUN");
    const json = await run(...args, "--json");
    expect(json.code).toBe(0);
    const part = JSON.parse(json.stdout) as Record<string, unknown>;
    expect(part).toMatchObject({
      ...{ schema: "corpusgate.part/1", part: { index: 1, count: 3 }, decided: false, provider: null },
      shards: expect.any(Number),
    });
    expect(existsSync(path("told", "part-1-of-3", "report.json"))).toBe(false);
    // A second run of it found everything done, and told only of its own shards.
    const last = JSON.parse(json.stderr.trim().split("\n").at(-1) ?? "") as Record<string, number>;
    expect(last).toMatchObject({ shards: part.shards, shardsDone: 0, records: 0, doneBytes: part.bytes });
  });

  it("that was killed is run again, and goes on", async () => {
    const whole = await run("scan", "corpus.yaml", "--out", "killed-whole", ...machine);
    await run("plan", "corpus.yaml", ...cut, "--out", "killed");
    const args = (index: number) => ["scan", "--shard", `${index}/2`, "--out", "killed", "--workers", "1", ...machine];
    const running = start(...args(1));
    let isOver = false;
    void running.ended.then(() => {
      isOver = true;
    });
    while (tallies("killed/part-1-of-2").length < 2 && !isOver) await sleep(2);
    running.process.kill("SIGKILL");
    expect((await running.ended).signal).toBe("SIGKILL");
    const before = tallies("killed/part-1-of-2").length;
    expect(before).toBeGreaterThan(1);
    expect((await run(...args(2))).code).toBe(0);
    const early = await run("merge", "killed", "--out", "killed-early", ...machine);
    expect(early.code).toBe(64);
    expect(early.stderr).toMatch(
      /\d+ of \d+ shards are missing\npart 1 of 2 did not end \(\d+ shards\): run scan --shard 1\/2 again/,
    );
    expect(existsSync(path("killed-early"))).toBe(false);
    expect((await run(...args(1))).code).toBe(0);
    const merged = await run("merge", "killed", "--out", "killed-run", ...machine);
    expect(merged).toMatchObject({ code: whole.code, stderr: "" });
    expect(reportTextOf(path("killed-run"))).toBe(reportTextOf(path("killed-whole")));
  });

  it("is held by one process, and another part is free", async () => {
    const args = (index: number) => [
      "scan",
      "corpus.yaml",
      ...cut,
      "--shard",
      `${index}/2`,
      "--out",
      "held",
      ...machine,
    ];
    const running = start(...args(1));
    const lock = path("held", "part-1-of-2", "run.lock");
    while (!existsSync(lock)) await sleep(2);
    // Held, so that it cannot be over before the second one looks.
    const { pid } = JSON.parse(readFileSync(lock, "utf8")) as { pid: number };
    process.kill(pid, "SIGSTOP");
    const [same, other] = [await run(...args(1)), await run(...args(2))];
    process.kill(pid, "SIGCONT");
    expect((await running.ended).code).toBe(0);
    expect(same.code).toBe(64);
    expect(same.stderr).toMatch(/another scan \(process \d+\) holds .*part-1-of-2\/run\.lock/);
    expect(other.code).toBe(0);
  });

  it.each(["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3", "1/99999"])("%s is none", async (part) => {
    const { code, stderr } = await run("scan", "corpus.yaml", `--shard=${part}`, "--out", "none");
    expect(code).toBe(64);
    expect(stderr).toContain("a part such as 2/8 was expected");
  });

  it("needs a plan or a corpus", async () => {
    const { code, stderr } = await run("scan", "--shard", "1/2", "--out", "nowhere");
    expect(code).toBe(64);
    expect(stderr).toContain("nowhere holds no plan: name the corpus");
    expect((await run("scan", "--out", "nowhere")).stderr).toContain("name a corpus.yaml, or data files");
    expect(existsSync(path("nowhere"))).toBe(false);
  });

  it("follows the plan of its folder, and no other", async () => {
    await run("plan", "corpus.yaml", ...cut, "--out", "followed");
    const { planDigest, shards } = (
      JSON.parse(readFileSync(path("followed", "run.json"), "utf8")) as {
        plan: { planDigest: string; shards: object[] };
      }
    ).plan;
    // Another --shard-size changes nothing: the shards of the plan stand.
    const args = ["scan", "corpus.yaml", "--shard", "1/1", "--out", "followed", "--shard-size", "1GiB", ...machine];
    expect((await run(...args)).code).toBe(0);
    expect(tallies("followed/part-1-of-1")).toHaveLength(shards.length);
    const other = await run("scan", "other.yaml", "--shard", "1/1", "--out", "followed", ...machine);
    expect(other.code).toBe(64);
    expect(other.stderr).toContain(`followed holds another plan (${planDigest}, this one is `);
    const plan = await run("plan", "other.yaml", "--out", "followed");
    expect(plan.code).toBe(64);
    expect(plan.stderr).toContain("holds another plan");
  });
});

describe("plan", () => {
  it("writes run.json, shows what it holds, and stops", async () => {
    const { code, stdout, stderr } = await run("plan", "corpus.yaml", ...cut, "--out", "planned");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^plan [0-9a-f]{64}\n/);
    expect(stdout).toContain("missing: no such file");
    expect(stdout).toContain("corpusgate scan --shard i/N --out planned");
    expect(existsSync(path("planned", "run.json"))).toBe(true);
    expect(readdirSync(path("planned", "tally"))).toEqual([]);
    const json = await run("plan", "corpus.yaml", ...cut, "--out", "planned", "--json");
    const plan = JSON.parse(json.stdout) as { planDigest: string; shards: object[]; summary: { shards: number } };
    expect(stdout).toContain(plan.planDigest);
    expect(plan.summary.shards).toBe(plan.shards.length);
    // A scan of the whole follows it too.
    const whole = await run("scan", "corpus.yaml", "--out", "planned", ...machine);
    expect(whole.stderr).toBe("");
    expect(readdirSync(path("planned", "tally"))).toHaveLength(plan.shards.length);
  });
});

describe("a merge refuses", () => {
  const part = (name: string, index: number) => path(name, `part-${index}-of-3`);

  beforeAll(async () => {
    await wholeAndParts("good", 3, "corpus.yaml");
  });

  /** Merges folders of parts; the error. */
  async function refusal(...folders: string[]): Promise<string> {
    const { code, stdout, stderr } = await run("merge", ...folders, "--out", "refused", ...machine);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(existsSync(path("refused", "report.json"))).toBe(false);
    return stderr;
  }

  it("parts of different plans, naming both", async () => {
    await run("scan", "other.yaml", "--shard", "1/3", "--out", "differing", ...machine);
    const message = await refusal("good", "differing");
    expect(message).toContain("parts of different plans: ");
    const digests = ["good/part-1-of-3", "differing/part-1-of-3"].map(
      (name) =>
        (JSON.parse(readFileSync(path(name, "run.json"), "utf8")) as { plan: { planDigest: string } }).plan.planDigest,
    );
    expect(digests[0]).not.toBe(digests[1]);
    for (const digest of digests) expect(message).toContain(digest);
  });

  it("one plan in different shards", async () => {
    await run("scan", "corpus.yaml", "--shard-size", "64KiB", "--shard", "1/3", "--out", "recut", ...machine);
    expect(await refusal("recut", part("good", 2), part("good", 3))).toContain("one plan in different shards");
  });

  it("registers that say other things of the sources", async () => {
    cpSync(path("good"), path("relicensed"), { recursive: true });
    const record = readFileSync(join(part("relicensed", 2), "run.json"), "utf8");
    writeFileSync(join(part("relicensed", 2), "run.json"), record.replace('"licence": "MIT"', '"licence": "GPL"'));
    expect(await refusal("relicensed")).toContain("different registers of the same sources");
  });

  it("parts that are missing or did not end, naming what to run again", async () => {
    expect(await refusal(part("good", 2))).toMatch(
      /\d+ of \d+ shards are missing\npart 1 of 3 is not there \(\d+ shards\): run scan --shard 1\/3 again\npart 3 of 3 is not there/,
    );
    cpSync(path("good"), path("unended"), { recursive: true });
    rmSync(join(part("unended", 3), "part.json"));
    expect(await refusal("unended")).toMatch(/part 3 of 3 did not end \(\d+ shards\): run scan --shard 3\/3 again/);
  });

  it("a part whose tally or evidence is damaged or gone", async () => {
    cpSync(path("good"), path("damaged"), { recursive: true });
    const tally = join(part("damaged", 1), "tally");
    const [first = "", second = ""] = readdirSync(tally).toSorted();
    truncateSync(join(tally, first), 50);
    rmSync(join(part("damaged", 1), "evidence", second.replace(".json", ".arrow")));
    expect(await refusal("damaged")).toMatch(/2 of \d+ shards are missing\npart 1 of 3 is damaged \(2 shards\)/);
    // Running the part again mends it.
    expect((await run("scan", "--shard", "1/3", "--out", "damaged", ...machine)).code).toBe(0);
    const merged = await run("merge", "damaged", "--out", "mended", ...machine);
    expect(merged.stderr).toBe("");
    expect(reportTextOf(path("mended"))).toBe(reportTextOf(path("good-whole")));
  });

  it("one shard with two results, and takes one with the same result twice", async () => {
    mkdirSync(path("twice"));
    cpSync(part("good", 1), path("twice", "part-1-of-3"), { recursive: true });
    const merged = await run("merge", "good", "twice", "--out", "once", ...machine);
    expect(merged.stderr).toBe("");
    expect(reportTextOf(path("once"))).toBe(reportTextOf(path("good-whole")));
    const folder = path("twice", "part-1-of-3", "tally");
    const [name = ""] = readdirSync(folder).toSorted();
    const text = readFileSync(join(folder, name), "utf8");
    writeFileSync(
      join(folder, name),
      text.replace(/"textBytes":(\d+)/, (_, n) => `"textBytes":${Number(n) + 1}`),
    );
    const message = await refusal("good", "twice");
    expect(message).toContain(`shard ${name.replace(".json", "")} (`);
    expect(message).toMatch(/was scanned twice, with different results: .*good.* and .*twice/);
  });

  it("what is no part", async () => {
    await run("scan", "other.yaml", "--out", "whole", ...machine);
    mkdirSync(path("empty"));
    for (const name of ["whole", "empty"])
      expect(await refusal("good", name)).toContain(`${name} holds no part of a plan`);
    expect(await refusal("good", "nowhere")).toContain("nowhere is no folder of parts");
    cpSync(path("good"), path("garbled"), { recursive: true });
    writeFileSync(join(part("garbled", 1), "run.json"), '{"schema":"corpusgate.run/1","plan":{}}');
    expect(await refusal("garbled")).toMatch(/part-1-of-3\/run\.json is not of this version of corpusgate: plan\./);
    const inside = await run("merge", "good", "--out", "good/part-1-of-3", ...machine);
    expect(inside.code).toBe(64);
    expect(inside.stderr).toContain("is the folder of a part");
  });

  it("a library that is another one by now", async () => {
    writeFiles(folder, {
      "changed.yaml": "version: 1\nname: l\nentries:\n  - { id: t, text: fine, risks: [A1h], severity: block }\n",
    });
    const { code, stderr } = await run("merge", "good", "--out", "refused", "--library", "changed.yaml", ...machine);
    expect(code).toBe(64);
    expect(stderr).toMatch(
      /the parts were scanned with the library [0-9a-f]{64}; the one that is here is [0-9a-f]{64}/,
    );
  });
});

describe("parts that kept too little for the draw", () => {
  // What chance does to sources of more than 40,000 records is forced on small ones.
  const sampling = { keySpace: 2 ** 20, keptPerSource: 3 };

  it("are read once more where the corpus is, and else the merge says what it needs", async () => {
    const corpus = path("corpus.yaml");
    const options = { device: "cpu", sampling, shardBytes: 16 * 1024 } as const;
    const events: string[] = [];
    const onEvent = ({ kind }: { kind: string }) => events.push(kind);
    await scan(corpus, { device: "cpu", out: path("short-whole") });
    for (const index of [1, 2, 3]) {
      await scanPart([corpus], { index, count: 3 }, { ...options, out: path("short") });
    }
    renameSync(path("data"), path("elsewhere"));
    const refused = merge([path("short")], { ...options, out: path("short-run") });
    await expect(refused).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(
        /so large, packed, tables, small must be read once more, and \d+ of \d+ files are not here .*merge where the corpus lies/,
      ),
    });
    renameSync(path("elsewhere"), path("data"));
    const { report } = await merge([path("short")], { ...options, out: path("short-run"), onEvent });
    expect(events).toContain("second-pass");
    expect(reportTextOf(path("short-run"))).toBe(reportTextOf(path("short-whole")));
    expect(report.manualSample.drawn).toBe(4000);
    // Another merge into the same folder has nothing to read any more.
    events.length = 0;
    await merge([path("short")], { ...options, out: path("short-run"), onEvent });
    expect(reportTextOf(path("short-run"))).toBe(reportTextOf(path("short-whole")));
  });
});
