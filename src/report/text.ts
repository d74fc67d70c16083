/** Words and numbers of a report as people read them, for the page and the terminal alike. No markup, no layout. */
import { shareText } from "../gate/gate.ts";
import type { Phase, ProfileId } from "../standard/profiles.ts";
import { profiles } from "../standard/profiles.ts";
import type { Risk } from "../standard/risks.ts";
import { risks } from "../standard/risks.ts";
import type { Reason } from "../tally/tally.ts";
import { sum } from "../tally/tally.ts";
import type { Counts, FileReport, Report, Result, SourceReport, TechnicalSample } from "./report.ts";

/** Stands where there is no number, because nothing was counted. */
export const none = "–";

/** A count with commas between thousands: `1,234,567`. Not by locale: one report, one text. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count with its noun: `1 record`, `2,000 records`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/** A size in bytes, to one decimal from 1 KiB on: `812 B`, `3.4 MiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let size = bytes;
  // 1023.95 would be shown as 1024.0 of the smaller unit.
  while (size >= 1023.95 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${size.toFixed(1)} ${units[unit]}`;
}

/** Share of a gate that says "at most": rounded up, so that nothing over 5 % shows as 5.00 %; `none` of nothing. */
export function atMostText(part: number, whole: number): string {
  return whole === 0 ? none : shareText(part, whole, "at-most");
}

/** Share of a gate that says "at least": cut, so that 97.9999 % never shows as 98.00 %; `none` of nothing. */
export function atLeastText(part: number, whole: number): string {
  return whole === 0 ? none : shareText(part, whole, "at-least");
}

/**
 * A bound of the interval of an "at most" share, rounded up to two decimals. Upward for both bounds: then what is
 * shown is over 5.00 % exactly when the bound is, and the verdict reads off the number.
 *
 * @param bound - share 0..1; digits after the twelfth are noise of the computation and do not round it up
 */
export function boundText(bound: number): string {
  const hundredths = Math.ceil(Number((bound * 10_000).toPrecision(12)));
  return shareText(hundredths, 10_000, "at-most");
}

/** Control, format, bidi, blank and private characters: those that show nothing, or change how others show. */
const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/** What needs no second look: printable ASCII with single spaces inside. */
const plainAscii = /^[!-~]+(?: [!-~]+)*$/;

/**
 * Text of the corpus with what the eye would miss written out: `a⟨U+202E⟩b`. Two texts that differ are shown
 * differently (look-alike letters of other scripts apart), so `⟨` itself, characters that are not in composed form and
 * spaces that a page would swallow are written out too. One line, and safe for a terminal; not escaped for HTML.
 */
export function visibleText(text: string): string {
  if (text === "") return "⟨empty⟩";
  if (plainAscii.test(text)) return text;
  const composed = text.normalize("NFC") === text;
  const characters = [...text];
  let visible = "";
  let last = "";
  characters.forEach((character, at) => {
    const edge = at === 0 || at === characters.length - 1 || last === " ";
    const code = character.codePointAt(0) as number;
    const changes = !composed && (last + character).normalize("NFC") !== last + character;
    if (hidden.test(character) || character === "⟨" || (character === " " && edge) || changes) {
      visible += `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
      last = "";
    } else {
      visible += character;
      last = character;
    }
  });
  return visible;
}

/** A result in one or two words. */
export const resultText: Readonly<Record<Result, string>> = {
  pass: "Pass",
  fail: "Fail",
  "not-decided": "Not decided",
};

/** What the overall result means. */
export function resultMeaning({ result, phase }: Report): string {
  switch (result) {
    case "pass":
      return decidesTechnical(phase)
        ? "Every gate that this scan decides passed: the 5 % gate for each source, and the technical check."
        : "Every source passed the 5 % gate on its sample.";
    case "fail":
      return "At least one gate failed.";
    case "not-decided":
      return "No gate failed, but at least one cannot be decided yet. What is open is not a pass.";
  }
}

/** Whether 9.2 b is decided in a phase: before collection there is no corpus yet that it could speak of. */
export function decidesTechnical(phase: Phase): boolean {
  return phase !== "pre";
}

const gateReasonTexts: Readonly<Record<string, string>> = {
  "nothing-assessed": "no record was assessed, and no records is not a pass",
  "stage-missing": "a stage that the policy needs did not run",
  "file-missing": "a listed file is missing",
  "file-unreadable": "a file could not be read",
  "file-unknown-format": "the format of a file is not known",
  "file-modality": "a file holds images, audio or video, which no scanner here reads",
  "file-worker-died": "the worker that scanned a file ended",
  "rows-not-countable": "the rows of a damaged file cannot be counted",
  unregistered: "these records name no source of the register",
  "not-used-for-training": "not used for training, so it does not stand in the way",
};

/** A reason of a gate in words; one that is not known stays as it is. */
export function gateReasonText(reason: string): string {
  return Object.hasOwn(gateReasonTexts, reason) ? (gateReasonTexts[reason] as string) : reason;
}

/** A reason of a source's gate in words, with its counts. */
export function sourceReasonText(reason: string, { flagged, assessed }: SourceReport): string {
  if (reason === "over-limit") return `over 5 %: ${countText(flagged)} of ${countText(assessed)} assessed are flagged`;
  return gateReasonText(reason);
}

/** A reason of the technical check in words, with its counts. */
export function technicalReasonText(reason: string, { assessed, required, qualified }: TechnicalSample): string {
  if (reason === "sample-too-small") return `only ${countText(assessed)} assessed of at least ${countText(required)}`;
  if (reason === "too-few-qualified") {
    return `only ${countText(qualified)} of ${countText(assessed)} are qualified (${atLeastText(qualified, assessed)})`;
  }
  return gateReasonText(reason);
}

/** Where the interval stands to 5 %. */
export const verdictText: Readonly<Record<"shown" | "not-shown" | "exceeded", string>> = {
  shown: "shown",
  "not-shown": "not shown",
  exceeded: "exceeded",
};

/** Phases in words. */
export const phaseText: Readonly<Record<Phase, string>> = {
  pre: "before collection, a sample of each source",
  post: "after collection, the raw data",
  final: "what is handed to training",
};

/** Profiles by the name of their document. */
export const profileText: Readonly<Record<ProfileId, string>> = {
  "tc260-003": "TC260-003 (2024)",
  "gbt-45654-2025": "GB/T 45654-2025",
  "gbt-45652-2025": "GB/T 45652-2025",
};

/** Number of risks that make a record unqualified under a profile. */
export function unqualifiedRisks(profile: ProfileId): number {
  const mask = profiles[profile].unqualifiedMask;
  return risks.filter((_, bit) => (mask & (1 << bit)) !== 0).length;
}

/** A reason of not assessed: a short label, and what it means. */
export interface ReasonText {
  readonly label: string;
  readonly meaning: string;
}

/** All reasons, in the order in which they are listed. */
export const reasonTexts: Readonly<Record<Reason, ReasonText>> = {
  "invalid-utf8": { label: "invalid UTF-8", meaning: "The text holds bytes that are not UTF-8." },
  "invalid-json": { label: "invalid JSON", meaning: "The line is not JSON." },
  "missing-text": { label: "no text field", meaning: "The row has no text field, or it is not text." },
  "too-long": { label: "too long", meaning: "The record is over the limit of length." },
  "too-deep": { label: "too deep", meaning: "The record is nested deeper than the limit." },
  "file-damaged": { label: "file damaged", meaning: "The file of the row is damaged; none of its rows is trusted." },
  unreadable: { label: "unreadable", meaning: "The file of the row could not be read." },
  "unknown-format": { label: "unknown format", meaning: "The format of the file is not known." },
  modality: { label: "no scanner", meaning: "Images, audio or video, which no scanner here reads." },
  "stage-missing": {
    label: "stage missing",
    meaning: "A needed stage did not run on the record; before collection also: not in the sample.",
  },
  "worker-died": { label: "worker died", meaning: "The worker that scanned the record ended." },
  timeout: { label: "timed out", meaning: "A stage did not end in time." },
};

/** Reasons of a count of records, most records first, with their labels. */
export function reasonCounts(counts: Counts): { reason: string; text: ReasonText; count: number }[] {
  const known = new Map<string, ReasonText>(Object.entries(reasonTexts));
  const order = [...known.keys()];
  return Object.entries(counts.notAssessed)
    .filter(([, count]) => count > 0)
    .sort(([a, countA], [b, countB]) => countB - countA || order.indexOf(a) - order.indexOf(b))
    .map(([reason, count]) => ({ reason, count, text: known.get(reason) ?? { label: reason, meaning: "" } }));
}

/** Records without a verdict. */
export function notAssessedCount(counts: Counts): number {
  return sum(counts.notAssessed as Record<string, number>);
}

/** Why the rows of a file are not assessed, in words. */
export const statusText: Readonly<Record<FileReport["status"], string>> = {
  scanned: "scanned",
  missing: "missing",
  unreadable: "unreadable",
  "unknown-format": "unknown format",
  "file-damaged": "damaged",
  modality: "no scanner",
  "worker-died": "worker died",
};

/** A risk as it is shown: of Annex A, or only its id when a report names one that this edition does not know. */
export interface ShownRisk {
  readonly id: string;
  readonly known: Risk | null;
}

/** Risks with records, in the order of the annex; then those that it does not know. */
export function foundRisks(counts: Counts): ShownRisk[] {
  const found = new Set(Object.entries(counts.risks).flatMap(([id, count]) => (count > 0 ? [id] : [])));
  const known = risks.filter((risk) => found.has(risk.id)).map((risk) => ({ id: risk.id, known: risk }));
  for (const { id } of known) found.delete(id);
  return [...known, ...[...found].sort().map((id) => ({ id, known: null }))];
}

/** Records of a risk; 0 when a risk is not listed. */
export function riskCount(counts: Counts, id: string): number {
  return Object.hasOwn(counts.risks, id) ? (counts.risks[id] ?? 0) : 0;
}

/** Sources by the result of their gate. */
export function sourceResults(sources: readonly SourceReport[]): Record<Result, number> {
  const results: Record<Result, number> = { pass: 0, fail: 0, "not-decided": 0 };
  for (const source of sources) results[source.gate.result]++;
  return results;
}

/** The technical check in one sentence of numbers, without its result. */
export function technicalText({ assessed, required, population, qualified, over }: TechnicalSample): string {
  const share = `${atLeastText(qualified, assessed)}, at least 98 %`;
  const where = over === "all" ? "counted over all records" : "counted over the drawn sample";
  return (
    `${countText(assessed)} assessed of at least ${countText(required)} (10 % of ${countOf(population, "record")}); ` +
    `${countText(qualified)} qualified (${share}); ${where}`
  );
}
