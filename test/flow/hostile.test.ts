/** Files that broke other readers (test/data/hostile), all in one scan: counted or refused by reason, in bounded memory. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { fromRoot, newFolder, reportTextOf, startCorpusgate } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const hostile = fromRoot("test/data/hostile");
const names = readdirSync(hostile, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(hostile, name)).map((file) => `${name}/${file}`));
const good = join(hostile, "made/deep-json.jsonl");

/** Scans paths with keywords only; gives the report, and the highest resident memory where the system tells it. */
async function scan(paths: readonly string[], options: readonly string[] = []) {
  const folder = newFolder();
  writeFiles(folder, {
    "library.yaml": {
      yaml: { version: 1, name: "t", entries: [{ id: "e", text: "smuggle", risks: ["A1h"], severity: "block" }] },
    },
    "policy.yaml": { yaml: { version: 1, stages: { fast: "off" } } },
  });
  const args = ["scan", ...paths, "--out", "run", "--library", "library.yaml", "--policy", "policy.yaml"];
  const running = startCorpusgate([...args, "--device", "cpu", "--workers", "2", "--json", ...options], {
    cwd: folder,
  });
  let peak: number | null = null;
  const look = setInterval(() => {
    peak = peakOf(running.process.pid) ?? peak;
  }, 20);
  const ended = await running.ended;
  clearInterval(look);
  return { ...ended, peak: peak as number | null, report: reportTextOf(join(folder, "run")) ?? "" };
}

/** Bytes of `VmHWM` in /proc/PID/status, as proc(5) has it; it only grows. */
function peakOf(pid: number | undefined): number | null {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

const fileOf = (report: Report, name: string) => report.files.find(({ path }) => path.endsWith(name));

describe("hostile files", () => {
  it("end as counted rows or with a reason, and take no memory", async () => {
    const baseline = await scan([good]);
    const { code, stderr, peak, report: text } = await scan([join(hostile, "*/*")]);
    // So many records cannot be read that the sample of those that can is too small (9.2 b), which fails.
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).not.toMatch(/panicked|RangeError|^ {4}at /m);
    const report = expectSound(text);
    expect(report.files.map(({ path }) => path).toSorted()).toEqual(names.toSorted());
    for (const { path, status } of report.files) {
      const rows = report.sources.find((source) => source.id === fileOf(report, path)?.source);
      expect(["scanned", "file-damaged", "unreadable", "unknown-format"], path).toContain(status);
      if (status !== "scanned") expect(rows?.assessed, path).toBe(0);
    }
    for (const name of names.filter((one) => /^csv|\.zip$/.test(one))) {
      expect(fileOf(report, name)).toMatchObject({
        status: "unknown-format",
        reason: expect.stringMatching(/^not an Arrow IPC, Parquet, JSONL, WARC or text file/),
      });
    }
    // Two that no reader refuses, one that is only large, and lines of which each stands for itself.
    const scanned = report.files.filter(({ status }) => status === "scanned").map(({ path }) => path);
    expect(scanned.filter((path) => !path.startsWith("made/"))).toEqual([
      "arrow-ipc-file/clusterfuzz-testcase-minimized-arrow-ipc-file-fuzz-6088759971217408",
      "arrow-ipc-file/clusterfuzz-testcase-minimized-arrow-ipc-file-fuzz-6295340960776192",
    ]);
    expect(scanned.filter((path) => path.startsWith("made/"))).toEqual([
      "made/deep-json.jsonl",
      "made/rle-20M-rows.parquet",
    ]);
    if (peak !== null && baseline.peak !== null) expect(peak - baseline.peak).toBeLessThan(512 * 1024 * 1024);
  });

  it("may be checked less, where that is asked for", async () => {
    const [name] = names.filter((one) => one.includes("ARROW-GH-47662"));
    const path = join(hostile, name as string);
    const statuses = await Promise.all(
      ["full", "projected"].map(async (validate) => {
        const { report } = await scan([path], ["--validate", validate]);
        return expectSound(report).files[0]?.status;
      }),
    );
    expect(statuses).toEqual(["file-damaged", "scanned"]);
  });
});
