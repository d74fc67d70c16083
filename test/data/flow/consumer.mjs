// A program of an embedder, run by test/flow/package.test.ts in a folder where corpusgate is installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { gateSource, Library, Matcher, ScanError, scan } from "corpusgate";
import * as stats from "corpusgate/stats";

// The consumer's own apache-arrow is the one that the package uses.
const arrow = createRequire(createRequire(import.meta.url).resolve("corpusgate/package.json"))("apache-arrow");

const library = await Library.load("library.yaml");
assert.equal(library.name, "mine");
assert.equal(library.version, "3");
assert.match(library.digest, /^[0-9a-f]{64}$/);
const matcher = library.compile();
assert(matcher instanceof Matcher);
assert.deepEqual(matcher.match("有人走私香烟"), [
  { entry: "smuggle-1", keyword: "走私", start: 2, end: 4, matched: "走私", level: "plain" },
]);

// Columns: whatever an Arrow column may be, the hits are those of its rows.
const rows = ["走私", null, "fine", "Malware 走私", "", "antimalware", "😀malware", null, "走私走私", "ok", "malware"];
const expectedOf = (texts) =>
  texts.flatMap((text, row) =>
    text === null ? [] : matcher.match(text, { offsets: "byte" }).map((hit) => [row, hit.entry, hit.start, hit.end, hit.level]),
  );
const got = (column) =>
  matcher
    .matchBatch(column)
    .toArray()
    .map((hit) => [hit.row, hit.entry, hit.start, hit.end, hit.level]);
const { vectorFromArray: vector, Utf8, LargeUtf8, Dictionary, Int32, Int8, Int64 } = arrow;
const columns = {
  utf8: vector(rows, new Utf8()),
  large: vector(rows, new LargeUtf8()),
  dictionary: vector(rows, new Dictionary(new Utf8(), new Int32())),
  small: vector(rows, new Dictionary(new Utf8(), new Int8())),
  noNulls: vector(rows.map((text) => text ?? ""), new Utf8()),
};
for (const [name, column] of Object.entries(columns)) {
  const texts = name === "noNulls" ? rows.map((text) => text ?? "") : rows;
  assert(expectedOf(texts).length >= 7);
  assert.deepEqual(got(column), expectedOf(texts), name);
  for (let start = 0; start <= rows.length; start++) {
    for (let end = start; end <= rows.length; end++) {
      assert.deepEqual(got(column.slice(start, end)), expectedOf(texts.slice(start, end)), `${name} ${start}..${end}`);
    }
  }
  const chunks = column.slice(2, 9).concat(column.slice(0, 4), column.slice(5, 5), column);
  assert.deepEqual(got(chunks), expectedOf([...texts.slice(2, 9), ...texts.slice(0, 4), ...texts]), `${name} in chunks`);
}
// A column that came over the wire, with the offsets that a reader leaves.
const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table({ text: columns.utf8 })));
assert.deepEqual(got(table.getChild("text")), expectedOf(rows));
assert.equal(matcher.matchBatch(vector([], new Utf8())).numRows, 0);
assert.throws(() => matcher.matchBatch(vector([1n, 2n], new Int64())), { name: "ScanError", code: "usage", message: /Int64/ });

// Streams: the hits of a text do not depend on how it arrives.
let state = 45652;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pieces = ["走私", "走", "私", "malware", "mal", "ware", "Ｍ", " ", "é", "e\u0301", "😀", "据", "发票", "x".repeat(50), "哈"];
for (const overlap of ["all", "leftmost-longest"]) {
  const streamed = await Library.compile({
    entries: ["走私", "malware", { id: "bill", text: "发票" }, "哈哈", "走私malware", "ware"],
    options: { overlap, allow: ["发票据", "走私走私"] },
  });
  for (let round = 0; round < 40; round++) {
    // Some texts are longer than what a stream gathers before it looks.
    const text = Array.from({ length: random(round % 8 === 0 ? 6000 : 60) }, () => pieces[random(pieces.length)]).join("");
    for (const offsets of ["codepoint", "utf16", "byte"]) {
      const stream = streamed.stream({ offsets });
      const hits = [];
      for (let at = 0; at < text.length; ) {
        const size = 1 + random(round % 3 === 0 ? 3 : 900);
        const end = Math.min(text.length, at + size);
        hits.push(...stream.push(text.slice(at, end)));
        at = end;
      }
      hits.push(...stream.end());
      assert.deepEqual(hits, streamed.match(text, { offsets }), `${overlap}, ${offsets}, round ${round}`);
    }
  }
}

// Errors are of one kind, with a code and a message that names the value.
await assert.rejects(Library.load("none.yaml"), (error) => error instanceof ScanError && error.code === "config");
await assert.rejects(Library.compile({ entries: ["a", " "] }), { code: "config", message: /entry 1: text: " ": is empty/ });
await assert.rejects(Library.compile({ entries: ["a"], options: { overlap: "some" } }), { code: "config", message: /overlap/ });
await assert.rejects(scan("none.yaml", { out: "run-x" }), { code: "config", message: /none\.yaml does not exist/ });
assert.throws(() => matcher.match("x", { offsets: "char" }), { code: "usage", message: /"char"/ });

assert.equal(gateSource({ assessed: 4000, flagged: 200 }, { num: 1, den: 20 }).result, "pass");
assert.equal(gateSource({ assessed: 4000, flagged: 201 }, { num: 1, den: 20 }).result, "fail");
assert.equal(gateSource({ assessed: 0, flagged: 0 }, { num: 1, den: 20 }).result, "not-decided");
assert(Object.values(stats).length > 10 && Object.values(stats).every((one) => typeof one === "function"));

// A scan inside a program: events come, a signal stops it, and it goes on.
const events = [];
const options = { library: "library.yaml", policy: "policy.yaml", out: "run-api", onEvent: (event) => events.push(event.kind) };
const { report, folder } = await scan("data", options);
assert.match(folder, /run-api$/);
assert.deepEqual(report.sources.map(({ id, gate }) => [id, gate.result]), [["bad", "fail"], ["good", "pass"]]);
assert.equal(events[0], "plan");
assert(events.includes("progress") && events.includes("shard"));
const stopped = AbortSignal.abort(new ScanError("interrupted", "stopped before it began"));
await assert.rejects(scan("data", { ...options, out: "run-stopped", signal: stopped }), { code: "interrupted" });
const again = await scan("data", { ...options, out: "run-stopped" });
assert.deepEqual(again.report, report);

console.log("all is well");
