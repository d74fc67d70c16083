/** The summary that a scan ends with on a terminal. Plain lines; where they go, and whether in colour, the caller says. */
import stringWidth from "string-width";
import type { Report, Result, SourceReport } from "./report.ts";
import {
  atMostText,
  countOf,
  countText,
  decidesTechnical,
  none,
  notAssessedCount,
  reasonCounts,
  resultMeaning,
  resultText,
  sourceReasonText,
  technicalReasonText,
  technicalText,
  verdictText,
  visibleText,
} from "./text.ts";

export interface TableOptions {
  /** Width of the terminal in columns; under 40, lines are made for 40. */
  readonly columns: number;
  /** Whether to colour results (ANSI). The words are the same without. */
  readonly color: boolean;
}

/** Narrowest terminal that the lines are made for. */
const leastColumns = 40;
/** Width at which a name is no longer cut for the sake of another column. */
const fullName = 20;
const gap = "  ";

/**
 * The report in lines, each at most `columns` wide and ended by a newline: the result and why, a line per source, the
 * totals, the technical check and the records without a verdict. Of the corpus's texts no control character or escape
 * sequence is in it; the only ones are newlines and, if asked for, colours.
 */
export function renderTable(report: Report, options: TableOptions): string {
  const columns = Math.max(leastColumns, Math.floor(options.columns) || leastColumns);
  const paint = options.color ? painted : plain;
  const lines = [
    ...headLines(report, columns, paint),
    "",
    ...sourceLines(report, columns, paint),
    "",
    ...technicalLines(report, columns, paint),
    ...openLines(report, columns),
    "",
    `Result: ${paint(report.result, resultText[report.result])} (exit code ${report.exitCode})`,
  ];
  return `${lines.join("\n")}\n`;
}

type Paint = (result: Result, text: string) => string;

const colours: Readonly<Record<Result, number>> = { pass: 32, fail: 31, "not-decided": 33 };
const plain: Paint = (_, text) => text;
const painted: Paint = (result, text) => `\u001b[${colours[result]}m${text}\u001b[39m`;

/** Lines that an overall reason may take: the ids of all failed sources can be many, and stand below anyway. */
const mostReasonLines = 4;

function headLines(report: Report, columns: number, paint: Paint): string[] {
  const { result, phase, profile } = report;
  const title = `${resultText[result]}: phase ${phase}, profile ${profile}`;
  const [first = "", ...more] = wrap(title, columns, "");
  return [
    paint(result, resultText[result]) + first.slice(resultText[result].length),
    ...more,
    ...wrap(resultMeaning(report), columns, ""),
    ...report.reasons.flatMap((reason) => {
      const lines = wrap(visibleText(reason), columns - 2, "").map((line, at) => (at === 0 ? "- " : "  ") + line);
      return lines.length <= mostReasonLines
        ? lines
        : [...lines.slice(0, mostReasonLines - 1), "  … (all in report.json)"];
    }),
  ];
}

/** A column of the table of sources after the name. */
interface Column {
  readonly head: string;
  readonly right: boolean;
  readonly cell: (source: SourceReport) => string;
  readonly total: string;
  /** Result that the cell is painted as. */
  readonly result?: (source: SourceReport) => Result;
}

function sourceColumns({ totals }: Report): Column[] {
  const number = (field: "records" | "assessed" | "flagged", head: string): Column => ({
    head,
    right: true,
    cell: (source) => countText(source[field]),
    total: countText(totals[field]),
  });
  return [
    number("records", "Records"),
    number("assessed", "Assessed"),
    number("flagged", "Flagged"),
    {
      head: "Share",
      right: true,
      cell: ({ flagged, assessed }) => atMostText(flagged, assessed),
      total: atMostText(totals.flagged, totals.assessed),
    },
    {
      head: "5 % gate",
      right: false,
      cell: ({ gate }) => resultText[gate.result],
      total: "",
      result: ({ gate }) => gate.result,
    },
    {
      head: "Verdict",
      right: false,
      cell: ({ interval }) => (interval === null ? none : verdictText[interval.verdict]),
      total: "",
    },
  ];
}

/** Columns that a narrow terminal does without, the first one first; the share and the gate always stay. */
const dropOrder = ["Verdict", "Records", "Assessed", "Flagged"];

function sourceLines(report: Report, columns: number, paint: Paint): string[] {
  const { sources } = report;
  const names = sources.map(({ id }) => visibleText(id));
  const wanted = Math.max(stringWidth("All sources"), ...names.map((name) => Math.min(stringWidth(name), fullName)));
  let shown = sourceColumns(report).map((column) => {
    const cells = sources.map(column.cell);
    const width = [column.head, column.total, ...cells].reduce((most, text) => Math.max(most, stringWidth(text)), 0);
    return { ...column, cells, width };
  });
  const room = () => columns - shown.reduce((sum, { width }) => sum + gap.length + width, 0);
  for (const head of dropOrder) if (room() < wanted) shown = shown.filter((column) => column.head !== head);
  const longest = names.reduce((most, name) => Math.max(most, stringWidth(name)), wanted);
  const nameWidth = Math.min(longest, room());
  const line = (
    name: string,
    cell: (column: (typeof shown)[number]) => string,
    result?: (column: Column) => Result | undefined,
  ) => {
    const cells = shown.map((column) => {
      const text = pad(cell(column), column.width, column.right);
      const as = result?.(column);
      return as === undefined ? text : paint(as, text);
    });
    return [pad(shorten(name, nameWidth), nameWidth, false), ...cells].join(gap).trimEnd();
  };
  const rows = sources.flatMap((source, at) => [
    line(
      names[at] as string,
      (column) => column.cells[at] as string,
      (column) => column.result?.(source),
    ),
    ...whyLines(source, columns),
  ]);
  return [line("Source", ({ head }) => head), ...rows, line("All sources", ({ total }) => total)];
}

/** Why a source failed or is not decided, and what a pass rests on; then what was not assessed, and warnings. */
function whyLines(source: SourceReport, columns: number): string[] {
  const reasons = source.gate.reasons.map((reason) => visibleText(sourceReasonText(reason, source)));
  const open = notAssessedCount(source);
  const unread = open === 0 ? [] : [`${countText(open)} not assessed`];
  const why = source.gate.result === "pass" ? reasons : [...reasons, ...unread];
  if (why.length === 0 && source.gate.result === "pass") return [];
  return wrap(`${source.gate.clause}: ${why.length === 0 ? "no reason given" : why.join("; ")}`, columns, "    ");
}

function technicalLines({ technicalSample, phase }: Report, columns: number, paint: Paint): string[] {
  const { result, reasons } = technicalSample;
  const label = "Technical check (9.2 b): ";
  const word = decidesTechnical(phase) ? resultText[result] : "not decided before collection";
  return [
    label + (decidesTechnical(phase) ? paint(result, word) : word),
    ...wrap(technicalText(technicalSample), columns, "  "),
    ...reasons.flatMap((reason) => wrap(visibleText(technicalReasonText(reason, technicalSample)), columns, "  ")),
  ];
}

function openLines({ totals }: Report, columns: number): string[] {
  const open = notAssessedCount(totals);
  if (open === 0) return wrap("Every record was assessed.", columns, "");
  const reasons = reasonCounts(totals).map(({ text, count }) => ({
    label: visibleText(text.label),
    count: countText(count),
  }));
  const labelWidth = Math.min(Math.max(...reasons.map(({ label }) => stringWidth(label))), columns - 20);
  const countWidth = Math.max(...reasons.map(({ count }) => count.length));
  return [
    ...wrap(
      `Not assessed: ${countOf(open, "record")} of ${countText(totals.records)}, never counted as clean`,
      columns,
      "",
    ),
    ...reasons.map(
      ({ label, count }) =>
        `  ${pad(shorten(label, labelWidth), labelWidth, false)}${gap}${pad(count, countWidth, true)}`,
    ),
  ];
}

function pad(text: string, width: number, right: boolean): string {
  const blank = " ".repeat(Math.max(0, width - stringWidth(text)));
  return right ? blank + text : text + blank;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function graphemesOf(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Cuts the middle out of a text that is wider than `width`: names differ at their starts and at their ends. */
function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const parts = graphemesOf(text);
  const most = width - 1;
  let start = "";
  let end = "";
  let used = 0;
  let [left, right] = [0, parts.length - 1];
  for (let fromStart = true; left <= right; fromStart = !fromStart) {
    const part = parts[fromStart ? left : right] as string;
    if (used + stringWidth(part) > most) break;
    used += stringWidth(part);
    if (fromStart) {
      start += part;
      left++;
    } else {
      end = part + end;
      right--;
    }
  }
  return `${start}…${end}`;
}

/** Breaks a text into lines of at most `columns` with `indent` before each, at spaces where there are some. */
function wrap(text: string, columns: number, indent: string): string[] {
  const room = columns - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((one) => pieces(one, room))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (stringWidth(longer) <= room) {
      line = longer;
    } else {
      lines.push(indent + line);
      line = word;
    }
  }
  return [...lines, indent + line];
}

/** A word in pieces that fit a line. */
function pieces(word: string, room: number): string[] {
  if (stringWidth(word) <= room) return [word];
  const fitting: string[] = [];
  let piece = "";
  for (const part of graphemesOf(word)) {
    if (piece !== "" && stringWidth(piece + part) > room) {
      fitting.push(piece);
      piece = "";
    }
    piece += part;
  }
  return [...fitting, piece];
}
