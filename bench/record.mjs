/** The record of a benchmark on disk, and records/README.md, the readable page of all of them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderColumnSection } from "./column/table.mjs";
import { renderMatchSection } from "./match/table.mjs";
import { renderScanSection } from "./scan-table.mjs";

/** Writes a record, and the readable page of all records beside it. */
export function writeRecord(path, record) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, null, 1)}\n`);
  const records = readdirSync(dirname(path))
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .reverse()
    .map((name) => ({ name, ...JSON.parse(readFileSync(join(dirname(path), name), "utf8")) }));
  writeFileSync(join(dirname(path), "README.md"), renderPage(records));
}

function renderPage(records) {
  const head = `# Records

Made by \`npm run bench\`; the JSON files beside this page hold every run. How to read them: ../README.md.
`;
  const section = (record) => sections[record.schema.split("/")[0]](record);
  return `${[head, ...records.map(section)].join("\n")}`;
}

const sections = {
  "corpusgate.bench": renderScanSection,
  "corpusgate.bench-match": renderMatchSection,
  "corpusgate.bench-column": renderColumnSection,
};
