/** The terminal summary: no line too wide, nothing raw from the corpus, the numbers of the report. */
import { readFileSync } from "node:fs";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { renderTable } from "../../src/report/table.ts";
import { mixedReport, report } from "./fixtures.ts";

const hostile = JSON.parse(readFileSync("test/data/report/hostile-strings.json", "utf8")) as {
  sourceIds: string[];
  texts: string[];
};

const plain = (columns: number) => ({ columns, color: false });

function hostileReport() {
  const made = report(
    hostile.sourceIds.map((id, at) => ({
      id,
      assessed: 1000,
      flagged: 60,
      notAssessed: { "too-long": at },
      more: {
        gate: {
          clause: "5.1a-2",
          result: "fail" as const,
          reasons: [hostile.texts[at % hostile.texts.length] as string],
        },
      },
    })),
  );
  return { ...made, reasons: hostile.texts, technicalSample: { ...made.technicalSample, reasons: hostile.texts } };
}

describe("widths", () => {
  const wide = report([
    { id: "语料".repeat(40), assessed: 9_007_199_254_740, flagged: 9_007_199_254_739 },
    { id: "👩‍👩‍👧‍👦".repeat(20), assessed: 100, flagged: 0, notAssessed: { "missing-text": 3 } },
    { id: "a\u0301".repeat(90), assessed: 100, flagged: 0 },
  ]);

  it.each([40, 47, 60, 72, 80, 100, 132, 200])("no line is over %i columns", (columns) => {
    for (const made of [mixedReport(), hostileReport(), wide, report([])]) {
      const text = renderTable(made, plain(columns));
      const over = text.split("\n").filter((line) => stringWidth(line) > columns);
      expect(over).toEqual([]);
    }
  });

  it.each([0, -1, 12, Number.NaN])("a terminal of %d columns gets the lines of 40", (columns) => {
    expect(renderTable(mixedReport(), plain(columns))).toBe(renderTable(mixedReport(), plain(40)));
  });

  it("numbers of a column end in the same place, under CJK names too", () => {
    const lines = renderTable(mixedReport(), plain(100)).split("\n");
    const shares = lines.filter((line) => / % {2}(Pass|Fail|Not decided)/.test(line));
    expect(shares).toHaveLength(7);
    const ends = new Set(shares.map((line) => stringWidth(line.slice(0, line.indexOf(" %  ")))));
    expect(ends.size).toBe(1);
  });

  it("cuts long names in the middle", () => {
    expect(renderTable(mixedReport(), plain(80))).toMatch(/^partner\/.*….*final /m);
  });
});

describe("columns", () => {
  const head = (columns: number): string =>
    renderTable(mixedReport(), plain(columns))
      .split("\n")
      .find((line) => line.startsWith("Source")) ?? "";

  it("are all there on a wide terminal", () => {
    expect(
      head(120)
        .trim()
        .split(/\s{2,}/),
    ).toEqual(["Source", "Records", "Assessed", "Flagged", "Share", "5 % gate", "Verdict"]);
  });

  it("go one by one on a narrow one, the share and the gate never", () => {
    expect(head(60)).not.toContain("Verdict");
    expect(head(60)).toMatch(/Share {2}5 % gate/);
    expect(head(40)).toMatch(/Share {2}5 % gate/);
  });
});

describe("content", () => {
  const lines = renderTable(mixedReport(), plain(120)).split("\n");

  it("starts and ends with the result", () => {
    expect(lines[0]).toBe("Fail: phase post, profile tc260-003");
    expect(lines.slice(-2)).toEqual(["Result: Fail (exit code 1)", ""]);
  });

  it("says under a source that failed or is not decided why", () => {
    const under = (id: string) => lines[lines.findIndex((line) => line.startsWith(`${id} `)) + 1];
    expect(under("forum-posts-2024")).toBe(
      "    5.1a-2: over 5 %: 5,226 of 80,400 assessed are flagged; 136 not assessed",
    );
    expect(under("images")).toContain("no record was assessed");
    expect(under("scanned-books")).toContain("rows of a damaged file cannot be counted; 1,000 not assessed");
    expect(under("wiki-zh")).toMatch(/^国内|^forum/);
  });

  it("sums to the totals of the report", () => {
    const { totals, sources } = mixedReport();
    const cells = (line: string) => line.trim().split(/\s{2,}/);
    const total = cells(lines.find((line) => line.startsWith("All sources")) ?? "")
      .slice(1, 4)
      .map(toNumber);
    expect(total).toEqual([totals.records, totals.assessed, totals.flagged]);
    const rows = lines.filter((line) => / (Pass|Fail|Not decided) {2,}\S/.test(line) && !line.startsWith(" "));
    expect(rows).toHaveLength(sources.length);
    for (const [at, sum] of total.entries()) {
      expect(rows.reduce((more, row) => more + toNumber(cells(row)[at + 1] ?? ""), 0)).toBe(sum);
    }
  });

  it("counts the reasons of not assessed, most first", () => {
    const at = lines.indexOf("Not assessed: 15,136 records of 1,562,067, never counted as clean");
    expect(lines.slice(at + 1, at + 6).map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ["stage missing", "9,000"],
      ["no scanner", "5,000"],
      ["file damaged", "1,000"],
      ["invalid UTF-8", "132"],
      ["too long", "4"],
    ]);
  });

  it("cuts an overall reason that names hundreds of sources", () => {
    const many = Array.from({ length: 400 }, (_, at) => ({ id: `source-${at}`, assessed: 10, flagged: 9 }));
    const text = renderTable(report(many), plain(80));
    expect(text.slice(0, text.indexOf("\n\n")).split("\n").length).toBeLessThan(8);
    expect(text).toContain("… (all in report.json)");
  });
});

describe("terminal", () => {
  it("gets no control, bidi or zero-width character of a hostile corpus", () => {
    const text = renderTable(hostileReport(), plain(100));
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(text).toContain("⟨U+001B⟩[2J⟨U+001B⟩[31mred");
    expect(text).toContain("⟨U+202E⟩cod.exe");
  });

  it("gets colours only if asked, and the same words with them", () => {
    for (const made of [mixedReport(), hostileReport()]) {
      const coloured = renderTable(made, { columns: 100, color: true });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what is tested
      expect(coloured.replace(/\u001b\[(?:31|32|33|39)m/g, "")).toBe(renderTable(made, plain(100)));
      expect(coloured).toContain("\u001b[31mFail");
    }
  });
});

function toNumber(text: string): number {
  return Number(text.replaceAll(",", ""));
}
