/**
 * Kill and resume: whatever moment a scan is ended at, the next one goes on and its report is the one of a scan that
 * nobody disturbed, byte for byte.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type Ended, fromRoot, newFolder, reportTextOf, startCorpusgate } from "./_command.ts";
import { writeFiles } from "./_files.ts";

/** Kills of the long test; CORPUSGATE_KILLS sets another number. */
const kills = Number(process.env.CORPUSGATE_KILLS ?? 100);
/** Kills in a row before a scan may finish. */
const killsInRow = 6;

const folder = newFolder();
let reference: string;
/** Milliseconds that an undisturbed scan takes. */
let wholeMs = 0;

const args = (out: string) => [
  ...["scan", "corpus.yaml", "--out", out, "--device", "cpu", "--quiet"],
  ...["--shard-size", "64KiB", "--workers", "2"],
];
const start = (out: string) => startCorpusgate(args(out), { cwd: folder });

function tallies(out: string): Map<string, number> {
  const path = join(folder, out, "tally");
  if (!existsSync(path)) return new Map();
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  return new Map(names.map((name) => [name, statSync(join(path, name)).mtimeMs]));
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

beforeAll(async () => {
  // All ways of storing, small and with both stages: a scan of some dozen shards and a second.
  const names = ["posts-zh.jsonl.gz", "posts-en.parquet", "sms-en.jsonl", "forum-en.arrow", "book-en.arrow"];
  writeFiles(folder, Object.fromEntries(names.map((name) => [`data/${name}`, { copy: `examples/corpus/${name}` }])));
  writeFiles(folder, {
    "data/textbook-zh.jsonl": { copy: "examples/corpus/textbook-zh.jsonl" },
    "corpus.yaml": {
      yaml: {
        version: 1,
        library: fromRoot("examples/library/library.yaml"),
        sources: [
          ...names.map((name) => ({ id: name, files: [`data/${name}`] })),
          { id: "textbook", files: ["data/textbook-*.jsonl"], encoding: "gb18030" },
        ],
      },
    },
  });
  const started = performance.now();
  const { code, stderr } = await start("undisturbed").ended;
  wholeMs = performance.now() - started;
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  reference = reportTextOf(join(folder, "undisturbed")) ?? "";
  expect(tallies("undisturbed").size).toBeGreaterThan(15);
});

describe("SIGKILL", () => {
  it(`at ${kills} random moments changes no byte of the report`, { timeout: 60_000 + kills * 6000 }, async () => {
    const random = randomNumbers(45654);
    const tally = { kills: 0, finished: 0, midway: 0, reused: 0 };
    for (let round = 0; tally.kills < kills; round++) {
      const out = `killed-${round}`;
      for (let inRow = 0; inRow < killsInRow && tally.kills < kills; inRow++) {
        const before = tallies(out).size;
        const running = start(out);
        // At any moment, and every other time at one that is sure to be amid the shards: starting takes a good part.
        const isAmid = tally.kills % 2 === 1;
        if (isAmid) await begun(out, running, before + 1);
        const timer = setTimeout(() => running.process.kill("SIGKILL"), (random() * wholeMs) / (isAmid ? 10 : 1));
        const { signal, code, stderr } = await running.ended;
        clearTimeout(timer);
        if (signal === null) {
          // It was faster than the moment that was drawn.
          expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
          expect(reportTextOf(join(folder, out))).toBe(reference);
          break;
        }
        expect(signal).toBe("SIGKILL");
        tally.kills++;
        const done = tallies(out).size;
        if (done > 0 && done < tallies("undisturbed").size) tally.midway++;
        // What stands under its own name is whole, at any moment.
        for (const name of done > 0 ? tallies(out).keys() : []) {
          JSON.parse(readFileSync(join(folder, out, "tally", name), "utf8"));
          expect(existsSync(join(folder, out, "evidence", name.replace(".json", ".arrow")))).toBe(true);
        }
      }
      const before = tallies(out);
      const whole = await start(out).ended;
      expect(whole).toMatchObject({ code: 1, stderr: "" });
      expect(reportTextOf(join(folder, out))).toBe(reference);
      const after = tallies(out);
      expect([...after.keys()].toSorted()).toEqual([...tallies("undisturbed").keys()].toSorted());
      for (const [name, time] of before) expect(after.get(name), `${name} is reused`).toBe(time);
      expect(readdirSync(join(folder, out, "evidence")).filter((name) => !name.endsWith(".arrow"))).toEqual([]);
      expect(readdirSync(join(folder, out)).toSorted()).toEqual(readdirSync(join(folder, "undisturbed")).toSorted());
      for (const name of ["manual", "technical"]) {
        const sample = (run: string) => readFileSync(join(folder, run, "sample", `${name}.arrow`));
        expect(sample(out).equals(sample("undisturbed")), `${name} sample`).toBe(true);
      }
      tally.finished++;
      tally.reused += before.size;
      rmSync(join(folder, out), { recursive: true });
    }
    // The test is one of resuming: kills must have hit scans that had something to lose.
    if (kills >= 20) {
      expect(tally.midway).toBeGreaterThan(kills / 20);
      expect(tally.reused).toBeGreaterThan(0);
    }
  });
});

/** Waits until a run has some tallies, or is over. */
async function begun(out: string, running: { ended: Promise<Ended> }, least = 2): Promise<void> {
  let isOver = false;
  void running.ended.then(() => {
    isOver = true;
  });
  while (tallies(out).size < least && !isOver) await sleep(2);
}

/** The process that scans: it holds the lock. The one that was started watches it. */
function holderOf(out: string): number {
  return (JSON.parse(readFileSync(join(folder, out, "run.lock"), "utf8")) as { pid: number }).pid;
}

describe("SIGKILL of the process that scans", () => {
  it("at random moments changes no byte of the report either: it is started again", async () => {
    const random = randomNumbers(45652);
    for (let round = 0; round < 4; round++) {
      const out = `restarted-${round}`;
      const running = start(out);
      await begun(out, running);
      await sleep((random() * wholeMs) / 4);
      // It may be over by now.
      if (existsSync(join(folder, out, "run.lock"))) process.kill(holderOf(out), "SIGKILL");
      const { code, stderr } = await running.ended;
      expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
      expect(reportTextOf(join(folder, out))).toBe(reference);
      expect(readdirSync(join(folder, out)).toSorted()).toEqual(readdirSync(join(folder, "undisturbed")).toSorted());
    }
  });
});

describe("SIGKILL of the process that watches", () => {
  it("ends the one that scans, too", async () => {
    const running = start("orphaned");
    await begun("orphaned", running);
    const scanner = holderOf("orphaned");
    running.process.kill("SIGKILL");
    await running.ended;
    for (let tries = 0; tries < 100 && existsSync(`/proc/${scanner}`); tries++) await sleep(20);
    expect(existsSync(`/proc/${scanner}/exe`)).toBe(false);
    expect((await start("orphaned").ended).code).toBe(1);
    expect(reportTextOf(join(folder, "orphaned"))).toBe(reference);
  });
});

describe("SIGINT and SIGTERM", () => {
  it("a second one ends at once, and the next scan goes on", async () => {
    const running = start("hurried");
    await begun("hurried", running);
    const scanner = holderOf("hurried");
    // It cannot stop in order: it does not run.
    process.kill(scanner, "SIGSTOP");
    running.process.kill("SIGINT");
    await sleep(100);
    expect(existsSync(`/proc/${scanner}`)).toBe(true);
    running.process.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130, signal: null });
    expect((await start("hurried").ended).code).toBe(1);
    expect(reportTextOf(join(folder, "hurried"))).toBe(reference);
  });

  it("count once when a terminal sends them to both processes", async () => {
    const running = start("terminal");
    await begun("terminal", running);
    process.kill(holderOf("terminal"), "SIGINT");
    running.process.kill("SIGINT");
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(ended.stderr).toContain("goes on from here");
    expect(existsSync(join(folder, "terminal", "run.lock"))).toBe(false);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s ends with 130, and the next scan goes on", async (signal) => {
    const out = `stopped-${signal}`;
    const running = start(out);
    await begun(out, running);
    running.process.kill(signal);
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 130, signal: null, stdout: "" });
    expect(ended.stderr).toContain("stopping after the batches in hand");
    expect(ended.stderr).toContain(`the same command with --out ${join(folder, out)} goes on from here`);
    expect(ended.stderr).not.toMatch(/^ {4}at /m);
    expect(reportTextOf(join(folder, out))).toBeNull();
    expect(existsSync(join(folder, out, "run.lock"))).toBe(false);
    const before = tallies(out);
    expect(before.size).toBeGreaterThan(0);
    expect(before.size).toBeLessThan(tallies("undisturbed").size);
    expect((await start(out).ended).code).toBe(1);
    expect(reportTextOf(join(folder, out))).toBe(reference);
    for (const [name, time] of before) expect(tallies(out).get(name)).toBe(time);
  });
});

describe("a run folder that was tampered with", () => {
  const first = () => [...tallies("tampered").keys()].toSorted()[0] as string;
  const path = (...parts: string[]) => join(folder, "tampered", ...parts);

  const cases: [string, () => void][] = [
    ["a tally that is cut short", () => truncateSync(path("tally", first()), 100)],
    ["a tally that is empty", () => writeFileSync(path("tally", first()), "")],
    [
      "a tally of another plan",
      () => {
        const text = readFileSync(path("tally", first()), "utf8");
        writeFileSync(path("tally", first()), text.replace(/"planDigest":"[0-9a-f]{4}/, '"planDigest":"0000'));
      },
    ],
    [
      "a tally that does not add up",
      () => {
        const text = readFileSync(path("tally", first()), "utf8");
        writeFileSync(
          path("tally", first()),
          text.replace(/"assessed":(\d+)/, (_, n) => `"assessed":${Number(n) + 1}`),
        );
      },
    ],
    ["a tally of another shard", () => writeFileSync(path("tally", first()), readFileSync(path("tally", last())))],
    ["a tally without its evidence", () => rmSync(path("evidence", first().replace(".json", ".arrow")))],
    ["half a file of an earlier scan", () => writeFileSync(path("evidence", "x.arrow.partial"), "half")],
    ["a report that is cut short", () => truncateSync(path("report.json"), 10)],
    ["samples that are gone", () => rmSync(path("sample"), { recursive: true })],
  ];
  const last = () => [...tallies("tampered").keys()].toSorted().at(-1) as string;

  beforeAll(async () => {
    await start("tampered").ended;
  });

  it.each(cases)("%s is made anew", async (_, tamper) => {
    tamper();
    const { code, stderr } = await start("tampered").ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(reportTextOf(path())).toBe(reference);
    expect(existsSync(path("evidence", "x.arrow.partial"))).toBe(false);
  });

  it("scans a file again whose time changed, and only that", async () => {
    const file = join(folder, "data", "sms-en.jsonl");
    const before = tallies("tampered");
    utimesSync(file, new Date(), new Date());
    expect((await start("tampered").ended).code).toBe(1);
    expect(reportTextOf(path())).toBe(reference);
    const plan = JSON.parse(readFileSync(path("run.json"), "utf8")).plan as {
      files: { path: string }[];
      shards: { id: string; file: number }[];
    };
    const changed = [...tallies("tampered")].filter(([name, time]) => before.get(name) !== time).map(([name]) => name);
    const expected = plan.shards.filter((shard) => plan.files[shard.file]?.path === "data/sms-en.jsonl");
    expect(changed.toSorted()).toEqual(expected.map(({ id }) => `${id}.json`).toSorted());
  });

  it("keeps another process out while one scans", async () => {
    const running = start("busy");
    await begun("busy", running);
    // Held, so that it cannot be over before the second one looks.
    const scanner = holderOf("busy");
    process.kill(scanner, "SIGSTOP");
    const second = await start("busy").ended;
    process.kill(scanner, "SIGCONT");
    const ended = await running.ended;
    expect(second.code).toBe(64);
    expect(second.stderr).toMatch(/another scan \(process \d+\) holds /);
    expect(ended.code).toBe(1);
    expect(reportTextOf(join(folder, "busy"))).toBe(reference);
  });
});
