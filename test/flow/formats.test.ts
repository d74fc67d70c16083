/** Texts, WET and WARC through the command: what is a record, whose it is, and that the way of reading changes nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { tableFromIPC } from "apache-arrow";
import { beforeAll, describe, expect, it } from "vitest";
import { corpusgate, folderAt, newFolder, reportTextOf } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const library = {
  version: 1,
  name: "test",
  entries: [{ id: "smuggle", text: "smuggle", risks: ["A1h"], severity: "block" }],
};
const inHtml = { ...library, options: { markup: "html" } };
const rules = ["--policy", "policy.yaml", "--device", "cpu", "--quiet"];

function prepare(): string {
  const folder = newFolder();
  writeFiles(folder, {
    "library.yaml": { yaml: library },
    "html.yaml": { yaml: inHtml },
    "policy.yaml": { yaml: { version: 1, stages: { fast: "off" } } },
  });
  return folder;
}

async function scan(folder: string, args: readonly string[], out = "run", library = "library.yaml") {
  const command = ["scan", ...args, "--out", out, "--library", library, ...rules];
  const { code, stderr } = await corpusgate(command, { cwd: folder });
  expect(stderr).not.toMatch(/internal|panicked/);
  const text = reportTextOf(join(folder, out)) ?? stderr;
  return { code, text, report: expectSound(text) };
}

describe("a folder of texts", () => {
  const count = 60;
  const files: Record<string, string> = {};
  for (let n = 0; n < count; n++) {
    const folder = n % 3 === 0 ? "docs" : `docs/part ${n % 3}`;
    files[`${folder}/${n}.${n % 2 === 0 ? "md" : "txt"}`] = n === 7 ? "# they smuggle\n" : `# page ${n}\n\nwords\n`;
  }
  let folder: string;

  beforeAll(() => {
    folder = prepare();
    writeFiles(folder, files);
    writeFileSync(join(folder, "docs", "zipped.md.gz"), gzipSync("# zipped"));
  });

  it("is one source with a record per file", async () => {
    const { code, report } = await scan(folder, ["docs"]);
    expect(code).toBe(0);
    expect(report.sources).toMatchObject([{ id: "docs", rows: count + 1, assessed: count + 1, flagged: 1 }]);
    expect(report.files.map(({ format }) => format).toSorted()).toEqual([...Array(count).fill("text"), "text.gz"]);
    const keys = tableFromIPC(readFileSync(join(folder, "run", "sample", "manual.arrow")));
    expect(keys.numRows).toBe(count + 1);
  });

  it("gives one report whatever the workers", async () => {
    const [one, three] = [
      await scan(folder, ["docs", "--workers", "1"], "one"),
      await scan(folder, ["docs", "--workers", "3"], "three"),
    ];
    expect(three.text).toBe(one.text);
  });

  it("is read in the encoding that the register says", async () => {
    const chinese = prepare();
    // 汉字 in GB 18030.
    writeFileSync(join(folderAt(chinese, "texts"), "a.txt"), Buffer.from("babad7d6", "hex"));
    const utf8 = await scan(chinese, ["texts"], "utf8");
    expect(utf8.report.sources).toMatchObject([{ assessed: 0, notAssessed: { "invalid-utf8": 1 } }]);
    const { report } = await scan(chinese, ["texts", "--encoding", "gb18030"], "gb");
    expect(report.sources).toMatchObject([{ id: "texts", assessed: 1, textBytes: 6 }]);
  });
});

/** A record of WARC 1.0. */
function record(type: string, fields: Record<string, string>, block: string | Buffer): Buffer {
  const bytes = Buffer.from(block);
  const head = { "WARC-Type": type, ...fields, "Content-Length": String(bytes.length) };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`WARC/1.0\r\n${lines.join("")}\r\n`), bytes, Buffer.from("\r\n\r\n")]);
}

const wet = (id: number, host: string, text: string) =>
  record("conversion", { "WARC-Record-ID": `<urn:${id}>`, "WARC-Target-URI": `https://${host}/${id}` }, text);

function response(host: string, fields: string, body: string | Buffer): Buffer {
  const http = Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
  const head = { "Content-Type": "application/http; msgtype=response", "WARC-Target-URI": `http://${host}/` };
  return record("response", head, Buffer.concat([http, Buffer.from(body)]));
}

describe("a WET file", () => {
  const records = [
    record("warcinfo", {}, "software: test\r\n"),
    ...Array.from({ length: 60 }, (_, n) => wet(n, n % 2 === 0 ? "a.example" : "b.example", `page ${n}`)),
    wet(61, "b.example", "how to smuggle"),
  ];
  let folder: string;

  beforeAll(() => {
    folder = prepare();
    writeFileSync(join(folder, "crawl.warc.wet.gz"), Buffer.concat(records.map((one) => gzipSync(one))));
  });

  it("is a source with a record per page", async () => {
    const { code, report } = await scan(folder, ["crawl.warc.wet.gz"]);
    expect(code).toBe(0);
    expect(report.sources).toMatchObject([{ id: "crawl", rows: 61, assessed: 61, flagged: 1 }]);
    expect(report.files).toMatchObject([{ path: "crawl.warc.wet.gz", format: "warc.gz", status: "scanned" }]);
    const { sources } = (await scan(folder, ["crawl.warc.wet.gz", "--id-column", "uri"], "uri")).report;
    expect(sources).toMatchObject([{ rows: 61, flagged: 1 }]);
  });

  it("can make each host a source", async () => {
    const { report } = await scan(folder, ["crawl.warc.wet.gz", "--source-column", "host"], "hosts");
    expect(report.sources).toMatchObject([
      { id: "a.example", rows: 30, flagged: 0 },
      { id: "b.example", rows: 31, flagged: 1 },
    ]);
  });

  it("that is cut off counts as far as it goes, and is not decided", async () => {
    const members = records.slice(0, 21).map((one) => gzipSync(one));
    const half = Buffer.concat([...members, gzipSync(records[21] as Buffer).subarray(0, 30)]);
    writeFileSync(join(folder, "half.warc.wet.gz"), half);
    const { code, report } = await scan(folder, ["half.warc.wet.gz"], "half");
    expect(code).toBe(2);
    expect(report.sources).toMatchObject([
      { rows: 20, assessed: 20, gate: { result: "not-decided", reasons: ["rows-not-countable"] } },
    ]);
    expect(report.files[0]?.reason).toContain("the compressed data is cut off");
  });

  it("refuses a column that no header has", async () => {
    const command = ["scan", "crawl.warc.wet.gz", "--source-column", "site", "--out", "none", ...rules];
    const { code, stderr } = await corpusgate(command, { cwd: folder });
    expect(code).toBe(64);
    expect(stderr).toContain(
      'crawl.warc.wet.gz: source column "site" does not exist; the file has "text", "id", "uri", "host", "date"',
    );
  });
});

describe("a WARC file", () => {
  const html = "Content-Type: text/html; charset=utf-8\r\n";
  const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const records = [
    record("warcinfo", {}, "software: test\r\n"),
    record("request", { "Content-Type": "application/http" }, "GET / HTTP/1.1\r\n\r\n"),
    response("a.example", html, "<p>words</p>"),
    response("a.example", `${html}Content-Encoding: br\r\n`, brotliCompressSync("<p>they smuggle</p>")),
    response("b.example", `${html}Transfer-Encoding: chunked\r\n`, chunked("<p>sm<b>ugg</b>le</p>")),
    // 走私 in GBK, by the page's own word.
    response(
      "b.example",
      "Content-Type: text/html\r\n",
      Buffer.concat([Buffer.from("<meta charset=gb2312>"), Buffer.from("d7dfcbbd", "hex")]),
    ),
    response("c.example", "Content-Type: image/png\r\n", Buffer.from("89504e47", "hex")),
    response("c.example", html, Buffer.from("ff", "hex")),
    response("c.example", html, ""),
  ];
  let folder: string;

  beforeAll(() => {
    folder = prepare();
    writeFileSync(join(folder, "crawl.warc"), Buffer.concat(records));
    writeFileSync(join(folder, "members.warc.gz"), Buffer.concat(records.map((one) => gzipSync(one))));
    writeFileSync(join(folder, "whole.warc.gz"), gzipSync(Buffer.concat(records)));
  });

  it.each(["crawl.warc", "members.warc.gz", "whole.warc.gz"])("is counted by record: %s", async (file) => {
    const { code, report } = await scan(folder, [file], `run-${file}`);
    expect(code).toBe(1);
    expect(report.sources).toMatchObject([
      { rows: 7, empty: 1, records: 6, assessed: 4, flagged: 1, notAssessed: { modality: 1, "invalid-utf8": 1 } },
    ]);
  });

  it("is matched through its tags by a library that says so", async () => {
    const { report } = await scan(folder, ["crawl.warc", "--source-column", "host"], "html", "html.yaml");
    expect(report.sources.map(({ id, flagged }) => [id, flagged])).toEqual([
      ["a.example", 1],
      ["b.example", 1],
      ["c.example", 0],
    ]);
  });

  it("whose record has a wrong length counts as far as it is sound", async () => {
    const [found] = /Content-Length: \d+/.exec((records[3] as Buffer).toString("latin1")) as RegExpExecArray;
    const shorter = `Content-Length: ${Number(found.split(" ")[1]) - 1}`;
    const broken = Buffer.from((records[3] as Buffer).toString("latin1").replace(found, shorter), "latin1");
    writeFileSync(join(folder, "broken.warc"), Buffer.concat([...records.slice(0, 3), broken, ...records.slice(4)]));
    const { code, report } = await scan(folder, ["broken.warc"], "broken");
    expect(code).toBe(2);
    expect(report.files[0]).toMatchObject({ status: "file-damaged" });
    const begin = records.slice(0, 3).reduce((sum, one) => sum + one.length, 0);
    expect(report.files[0]?.reason).toContain(
      `damaged at record at byte ${begin}: its ${shorter.replace(":", " is")}, and no record`,
    );
    expect(report.sources).toMatchObject([{ rows: 1, assessed: 1, gate: { result: "not-decided" } }]);
  });
});

describe("compressed lines", () => {
  it("give one report with and without a thread that decompresses", async () => {
    const folder = prepare();
    const lines = Array.from({ length: 80_000 }, (_, n) => {
      const noise = Math.imul(n + 1, 2_654_435_761) >>> 0;
      return JSON.stringify({ id: n, text: `${noise.toString(36)} ${n % 997 === 0 ? "smuggle" : "words"} ${noise}` });
    });
    const bytes = gzipSync(`${lines.join("\n")}\n`, { level: 1 });
    expect(bytes.length, "worth a thread, also half of it").toBeGreaterThan(512 * 1024);
    writeFileSync(join(folder, "a.jsonl.gz"), bytes);
    writeFileSync(join(folder, "cut.jsonl.gz"), bytes.subarray(0, bytes.length / 2));
    const [here, ahead] = [
      await scan(folder, ["*.gz", "--workers", "1"], "here"),
      await scan(folder, ["*.gz", "--workers", "2"], "ahead"),
    ];
    expect(ahead.text).toBe(here.text);
    expect(here.report.sources[0]).toMatchObject({ id: "a", rows: 80_000, flagged: 81 });
    expect(here.report.sources[1]?.rows).toBeGreaterThan(30_000);
  });
});
