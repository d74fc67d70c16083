/**
 * The demo: scans the example corpus with the real command, shows the decisions, and checks that exactly the source
 * that must be rejected was. Ends with 0 when the decisions are the expected ones.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const manifest = JSON.parse(readFileSync(path("corpus/MANIFEST.json"), "utf8"));
const expected = new Map(manifest.sources.map((source) => [source.id, source.expected]));
const out = process.argv[2] ?? "corpusgate-run-demo";

const started = performance.now();
const scan = spawnSync(
  process.execPath,
  [path("../dist/cli/corpusgate.js"), "scan", path("corpus.yaml"), "--out", out, "--fresh"],
  {
    stdio: "inherit",
  },
);
if (scan.error) throw scan.error;
const report = JSON.parse(readFileSync(`${out}/report.json`, "utf8"));

const wrong = report.sources.filter((source) => source.gate.result !== expected.get(source.id));
const missing = [...expected.keys()].filter((id) => !report.sources.some((source) => source.id === id));
for (const source of wrong) {
  console.error(`${source.id}: ${source.gate.result}, but ${expected.get(source.id)} was expected`);
}
for (const id of missing) console.error(`${id}: not in the report`);
if (wrong.length > 0 || missing.length > 0 || scan.status !== report.exitCode) process.exit(1);

const seconds = ((performance.now() - started) / 1000).toFixed(1);
const rejected = report.sources.filter((source) => source.gate.result === "fail").map((source) => source.id);
console.log(`\ndemo: as expected, ${rejected.join(", ")} is rejected and the other sources pass (${seconds} s).`);
