/**
 * Counts what mint-filter finds in a text, line by line, and says what that took.
 *
 *     node mint_filter.mjs NODE_MODULES words.txt text.txt rounds
 *
 * Prints JSON as ahocorasick_match.py does. Processor time is the process's: that of the collector belongs to it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, wordsPath, textPath, rounds] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Mint } = require("mint-filter");

const linesOf = (path) => readFileSync(path, "utf8").replace(/\n$/, "").split("\n");
const words = linesOf(wordsPath);
const lines = linesOf(textPath);

const built = process.cpuUsage();
const mint = new Mint(words);
const build = secondsSince(built);

const seconds = [];
// One round more, untimed: the compiler has seen everything then.
let hits = search();
for (let round = 0; round < Number(rounds); round++) {
  const start = process.cpuUsage();
  hits = search();
  seconds.push(secondsSince(start));
}
const { version } = require("mint-filter/package.json");
console.log(JSON.stringify({ version, hits, build, rounds: seconds }));

function search() {
  return lines.reduce((sum, line) => sum + mint.filter(line, { replace: false }).words.length, 0);
}

function secondsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
