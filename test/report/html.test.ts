/** The page: hostile texts stay text, sums are the report's, nothing is asked of a network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { describe, expect, it } from "vitest";
import { html, textOf as textOfValue } from "../../src/report/html/markup.ts";
import { renderHtml } from "../../src/report/html.ts";
import type { Report } from "../../src/report/report.ts";
import { reportText } from "../../src/report/report.ts";
import { visibleText } from "../../src/report/text.ts";
import { risks } from "../../src/standard/risks.ts";
import { mixedReport, report } from "./fixtures.ts";

const hostile = JSON.parse(readFileSync("test/data/report/hostile-strings.json", "utf8")) as {
  sourceIds: string[];
  texts: string[];
};

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** All elements of a page as a browser would build them. */
function elementsOf(page: string): Element[] {
  const found: Element[] = [];
  const visit = (node: Node): void => {
    if ("attrs" in node) found.push(node);
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(page, { onParseError: (error) => expect.fail(`${error.code} in line ${error.startLine}`) }));
  return found;
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

function withoutScript(page: string): string {
  return page.replace(/<script>[\s\S]*<\/script>/, "");
}

/** Elements inside the section with this id. */
function inSection(page: string, id: string): Element[] {
  const section = elementsOf(page).find((element) => attribute(element, "id") === id);
  if (section === undefined) throw new Error(`no section ${id}`);
  const found: Element[] = [];
  const visit = (node: Node): void => {
    if ("attrs" in node) found.push(node);
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(section);
  return found;
}

/** A report in which every free text is hostile, and the same with harmless texts. */
function withTexts(ids: readonly string[], text: (at: number) => string): Report {
  const specs = ids.map((id, at) => ({
    id,
    assessed: 1000,
    flagged: 60,
    more: {
      kind: text(at),
      language: text(at + 1),
      licence: text(at + 2),
      warnings: [text(at + 3)],
      gate: { clause: "5.1a-2", result: "fail" as const, reasons: [text(at + 4)] },
    },
  }));
  const made = report(specs);
  return {
    ...made,
    planDigest: text(0),
    seed: text(1),
    nonce: text(2),
    reasons: made.sources.map((_, at) => text(at)),
    stagesRun: [text(0)],
    totals: { ...made.totals, risks: { ...made.totals.risks, [text(1)]: 3 } },
    technicalSample: { ...made.technicalSample, algorithm: text(0), reasons: [text(1)] },
    manualSample: { ...made.manualSample, algorithm: text(2) },
    library: { ...made.library, name: text(0), version: text(1), digest: text(2) },
    policy: { ...made.policy, digest: text(3) },
    models: [{ id: text(0), digest: text(1), provider: text(2), risks: [text(3)] }],
    files: ids.map((id, at) => ({
      path: id,
      source: id,
      status: "unreadable" as const,
      reason: text(at),
      format: text(at + 1),
      bytes: 1,
    })),
  };
}

describe("hostile texts", () => {
  const texts = [...hostile.sourceIds, ...hostile.texts];
  const pick = (at: number): string => texts[at % texts.length] as string;
  const page = renderHtml(withTexts(hostile.sourceIds, pick));
  const harmless = renderHtml(
    withTexts(
      hostile.sourceIds.map((_, at) => `source ${at}`),
      (at) => `text ${at % texts.length}`,
    ),
  );

  it("make no element and no attribute", () => {
    const shape = (elements: Element[]) =>
      elements.map(({ tagName, attrs }) => [tagName, ...attrs.map(({ name }) => name)].join(" "));
    expect(shape(elementsOf(page))).toEqual(shape(elementsOf(harmless)));
  });

  it("stand in no attribute but the ones with words of ours", () => {
    const values = (elements: Element[]) => elements.flatMap(({ attrs }) => attrs.map(({ value }) => value));
    expect(values(elementsOf(page))).toEqual(values(elementsOf(harmless)));
  });

  it("are all shown, written out, once per id in each table of sources", () => {
    const ids = (section: string) =>
      inSection(page, section)
        .filter(({ tagName, attrs }) => tagName === "bdi" && attrs.some(({ value }) => value === "id"))
        .map(textOf);
    for (const section of ["sources", "stages", "contents", "files"]) {
      expect(ids(section)).toEqual(hostile.sourceIds.map(visibleText));
    }
    expect(new Set(ids("sources")).size).toBe(hostile.sourceIds.length);
  });

  it("bring no control, bidi or zero-width character into the page", () => {
    expect(page).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u);
    expect(page).toContain("⟨U+202E⟩cod.exe");
    expect(page).toContain("⟨U+001B⟩[2J");
  });
});

describe("a template", () => {
  it.each([
    `"`,
    "'",
    "<",
    ">",
    "&",
    `"><img src=x onerror=alert(1)>`,
    "&quot;",
  ])("keeps %s inside its attribute and its element", (text) => {
    const page = textOfValue(
      html`<!DOCTYPE html><html><head><title>t</title></head><body><p title="${text}" lang='${text}'>${[text, null, false, 7]}</p></body></html>`,
    );
    const elements = elementsOf(page);
    expect(elements.map(({ tagName }) => tagName)).toEqual(["html", "head", "title", "body", "p"]);
    const shown = elements.at(-1) as Element;
    expect(shown.attrs.map(({ name, value }) => [name, value])).toEqual([
      ["title", text],
      ["lang", text],
    ]);
    expect(textOf(shown)).toBe(`${text}7`);
  });
});

describe("self-contained", () => {
  const page = renderHtml(mixedReport());

  it("names no address and loads nothing", () => {
    expect(page.replace('http-equiv="Content-Security-Policy"', "")).not.toMatch(/http/i);
    expect(page).not.toMatch(/@import|url\(/);
    const loading = ["src", "srcset", "action", "background", "data", "poster", "style"];
    const elements = elementsOf(page);
    const forbidden = ["link", "img", "image", "use", "iframe", "object", "embed", "form", "base", "a"];
    const tags = new Set(elements.map(({ tagName }) => tagName));
    expect(forbidden.filter((tag) => tags.has(tag))).toEqual(["a"]);
    const attributes = elements.flatMap(({ attrs }) => attrs);
    expect(attributes.filter(({ name }) => loading.includes(name) || name.startsWith("on"))).toEqual([]);
    expect(attributes.filter(({ name, value }) => name.endsWith("href") && !value.startsWith("#"))).toEqual([]);
  });

  it("allows by its content policy exactly its own style and script", () => {
    const elements = elementsOf(page);
    const policy = elements.find((element) => attribute(element, "http-equiv") !== undefined);
    const content = policy === undefined ? "" : (attribute(policy, "content") ?? "");
    expect(content).toMatch(/^default-src 'none';/);
    for (const tag of ["style", "script"]) {
      const inline = elements.filter(({ tagName }) => tagName === tag);
      expect(inline).toHaveLength(1);
      const hash = createHash("sha256")
        .update(textOf(inline[0] as Element))
        .digest("base64");
      expect(content).toContain(`${tag}-src 'sha256-${hash}'`);
    }
  });

  it("is the same bytes for the same report", () => {
    expect(renderHtml(mixedReport())).toBe(page);
  });

  it("links only to sections that are there, once", () => {
    const ids = elementsOf(page).flatMap((element) => attribute(element, "id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const links = elementsOf(page).flatMap((element) => attribute(element, "href")?.slice(1) ?? []);
    expect(links.filter((link) => !ids.includes(link))).toEqual([]);
  });
});

describe("numbers", () => {
  const made = mixedReport();
  const page = renderHtml(made);
  const number = (text: string): number => Number(/^[\d,]+/.exec(text)?.[0].replaceAll(",", ""));

  /** Body and foot of the one table of a section, as texts by column label. */
  function tableOf(id: string): { rows: Map<string, string>[]; foot: Map<string, string> } {
    const rows = inSection(page, id)
      .filter(({ tagName, attrs }) => tagName === "tr" && attrs.some(({ name }) => name === "role"))
      .map((row) => {
        const cells = row.childNodes.filter((node): node is Element => "attrs" in node && node.tagName === "td");
        return new Map(cells.map((cell) => [attribute(cell, "data-label") ?? "", textOf(cell)]));
      })
      .filter((row) => row.size > 0);
    return { rows: rows.slice(0, -1), foot: rows.at(-1) ?? new Map() };
  }

  it.each([
    ["sources", "Records", made.totals.records],
    ["sources", "Assessed", made.totals.assessed],
    ["sources", "Not assessed", 15_136],
    ["sources", "Flagged", made.totals.flagged],
    ["stages", "Neither", made.totals.stages.neither],
    ["stages", "Both", made.totals.stages.both],
    ["stages", "Unqualified", made.totals.unqualified],
    ["contents", "Rows", made.totals.rows],
    ["contents", "Empty", made.totals.empty],
    ["not-assessed", "Records", 15_136],
  ])("%s: the column %s adds up to the sum shown, which is the report's", (id, label, total) => {
    const { rows, foot } = tableOf(id);
    expect(rows.length).toBeGreaterThan(4);
    expect(number(foot.get(label) ?? "")).toBe(total);
    expect(rows.reduce((sum, row) => sum + number(row.get(label) ?? ""), 0)).toBe(total);
  });

  it("shows each risk with records, in both languages, with its count", () => {
    const section = inSection(page, "risks")[0] as Element;
    for (const [id, count] of Object.entries(made.totals.risks)) {
      const risk = risks.find((one) => one.id === id);
      expect(textOf(section)).toContain(risk?.zh);
      expect(textOf(section)).toContain(risk?.en);
      expect(textOf(section)).toContain(String(count).replace(/(\d)(\d{3})$/, "$1,$2"));
    }
  });

  it("has a heat table in which each risk sums to the report's total", () => {
    const tables = inSection(page, "risks").filter((element) => attribute(element, "class") === "heat");
    const sums = new Map<string, number>();
    for (const table of tables) {
      const rows: string[][] = [];
      const visit = (node: Node): void => {
        if ("tagName" in node && node.tagName === "tr") {
          rows.push(node.childNodes.filter((cell) => "tagName" in cell).map(textOf));
        } else if ("childNodes" in node) node.childNodes.forEach(visit);
      };
      visit(table);
      const [head = [], ...body] = rows;
      const foot = body.pop() ?? [];
      head.slice(1).forEach((clause, at) => {
        const sum = body.reduce((total, row) => total + number(row[at + 1] ?? ""), 0);
        expect(sum).toBe(number(foot[at + 1] ?? ""));
        sums.set(clause.replace(".", ""), sum);
      });
    }
    expect(Object.fromEntries(sums)).toEqual(made.totals.risks);
  });

  it("rounds the share of a source up and cuts the qualified share", () => {
    const edge = renderHtml(report([{ id: "edge", assessed: 1_000_000, flagged: 50_001 }]));
    expect(edge).toContain("5.01 %");
    expect(edge).toContain("94.99 %");
    expect(edge).not.toContain("5.00 %</span>");
  });

  it("names the SHA-256 of report.json", () => {
    expect(page).toContain(createHash("sha256").update(reportText(made)).digest("hex"));
  });
});

describe("answers", () => {
  const heading = (made: Report): string =>
    textOf(elementsOf(renderHtml(made)).find(({ tagName }) => tagName === "h1") as Element);

  it.each([
    [report([{ id: "a", assessed: 20, flagged: 0 }]), "✓Result: pass"],
    [report([{ id: "a", assessed: 20, flagged: 2 }]), "✕Result: fail"],
    [report([{ id: "a", assessed: 0, flagged: 0, notAssessed: { unreadable: 9 } }]), "?Result: not decided"],
  ])("come first, in words", (made, words) => {
    expect(heading(made)).toBe(words);
  });

  it("never show a share where nothing was assessed", () => {
    const page = renderHtml(report([{ id: "a", assessed: 0, flagged: 0, notAssessed: { unreadable: 9 } }]));
    expect(page).toContain("nothing assessed");
    expect(page).not.toContain("0.00 %</span>");
    expect(withoutScript(page)).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it("leave 9.2 b open before collection", () => {
    const page = renderHtml(report([{ id: "a", assessed: 20, flagged: 0 }], { phase: "pre" }));
    expect(page.match(/Not decided before collection/g)).toHaveLength(2);
  });

  it("are there for a corpus without sources", () => {
    expect(withoutScript(renderHtml(report([])))).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
});

describe("tables", () => {
  it("say of each header whether it heads a column or a row", () => {
    const heads = elementsOf(renderHtml(mixedReport())).filter(({ tagName }) => tagName === "th");
    expect(heads.length).toBeGreaterThan(50);
    const scopes = heads.map((head) => attribute(head, "scope"));
    expect(new Set(scopes)).toEqual(new Set(["col", "row"]));
  });

  it("hold 1,000 sources", () => {
    const many = Array.from({ length: 1000 }, (_, at) => ({ id: `source-${at}`, assessed: 1000, flagged: at % 60 }));
    const page = renderHtml(report(many));
    const section = page.slice(page.indexOf('<section id="sources">'), page.indexOf('<section id="risks">'));
    expect(section.match(/<tr role="row"/g)).toHaveLength(1002);
  });
});
