/** Matching of a text that arrives in pieces. */
import type { OffsetUnit } from "../addon/addon.ts";
import type { MatchOptions } from "../library/library.ts";
import type { Hit, Matcher } from "./matcher.ts";

/** UTF-16 units that are gathered before they are matched, so that small pieces cost little. */
const gathered = 8192;

/**
 * Holds back as much text as a hit, a word that excuses it and its boundary can reach, and hands out a hit when
 * nothing that is still to come can change it.
 */
export class MatchStream {
  readonly #matcher: Matcher;
  readonly #overlap: MatchOptions["overlap"];
  readonly #unit: OffsetUnit;
  /** Longest reach of a keyword or allow word, in UTF-16 units of the text. */
  readonly #reach: number;
  #buffer = "";
  /** Position of the buffer's start in the whole text, in UTF-16 units and in the caller's unit. */
  #base = { utf16: 0, unit: 0 };
  /** UTF-16 position in the whole text before which all hits that start there were handed out. */
  #settled = 0;
  /** End of the last hit handed out, and its start, for leftmost-longest. */
  #last = { start: -1, end: 0 };

  /** @internal Use `matcher.stream()`. The matcher must report all overlaps. */
  constructor(matcher: Matcher, words: readonly string[], overlap: MatchOptions["overlap"], unit: OffsetUnit) {
    this.#matcher = matcher;
    this.#overlap = overlap;
    this.#unit = unit;
    // A character folds to three at most, and one before and behind decides a boundary.
    this.#reach = 3 * words.reduce((longest, word) => Math.max(longest, word.length), 1) + 4;
  }

  /** Takes the next piece; returns the hits that are certain by now, in text order. */
  push(text: string): Hit[] {
    this.#buffer += text;
    const open = this.#base.utf16 + this.#buffer.length - this.#settled;
    return open < gathered + 3 * this.#reach ? [] : this.#settle(false);
  }

  /** Ends the text; returns the hits that were held back. */
  end(): Hit[] {
    return this.#settle(true);
  }

  #settle(isEnd: boolean): Hit[] {
    const length = this.#buffer.length;
    const limit = isEnd ? Number.POSITIVE_INFINITY : this.#base.utf16 + length - 2 * this.#reach;
    const inText = this.#matcher.match(this.#buffer, { offsets: "utf16" });
    const inUnit = this.#unit === "utf16" ? inText : this.#matcher.match(this.#buffer, { offsets: this.#unit });
    const hits: Hit[] = [];
    inText.forEach((hit, at) => {
      const start = hit.start + this.#base.utf16;
      const end = hit.end + this.#base.utf16;
      if (start < this.#settled || start >= limit) return;
      if (this.#overlap === "leftmost-longest") {
        const isSame = start === this.#last.start && end === this.#last.end;
        if (start < this.#last.end && !isSame) return;
        this.#last = { start, end };
      }
      const shown = inUnit[at] as Hit;
      hits.push({ ...shown, start: shown.start + this.#base.unit, end: shown.end + this.#base.unit });
    });
    if (isEnd) {
      this.#buffer = "";
    } else {
      this.#settled = limit;
      this.#drop(limit - this.#base.utf16 - this.#reach);
    }
    return hits;
  }

  /** Forgets the start of the buffer, at most `count` units of it and never half a character. */
  #drop(count: number): void {
    if (count <= 0) return;
    const code = this.#buffer.charCodeAt(count);
    const cut = code >= 0xdc00 && code <= 0xdfff ? count - 1 : count;
    const dropped = this.#buffer.slice(0, cut);
    this.#buffer = this.#buffer.slice(cut);
    this.#base = { utf16: this.#base.utf16 + cut, unit: this.#base.unit + lengthIn(dropped, this.#unit) };
  }
}

function lengthIn(text: string, unit: OffsetUnit): number {
  switch (unit) {
    case "utf16":
      return text.length;
    case "byte":
      return Buffer.byteLength(text);
    case "codepoint": {
      let count = 0;
      for (const _ of text) count++;
      return count;
    }
  }
}
