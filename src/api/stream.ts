/** Matching of a text that arrives in pieces. */
import type { NativeStream, StreamColumns } from "../addon/addon.ts";
import { levels } from "../library/level.ts";
import type { Entry } from "../library/library.ts";
import type { Hit } from "./matcher.ts";

/** A hit of a stream. */
export interface StreamHit extends Omit<Hit, "matched"> {
  /**
   * The hit as it stands in the text, half a surrogate pair as U+FFFD; null for a combination that is so long that its
   * first part has gone by.
   */
  readonly matched: string | null;
}

/**
 * A text in the making: the hits are those of the whole text, whatever the pieces. Holds back as much of it as a hit, a
 * word that excuses it and their surroundings can reach; memory does not grow with the text.
 */
export class MatchStream {
  readonly #stream: NativeStream;
  readonly #entries: readonly Entry[];
  /** First half of a character that the last piece broke off in. */
  #half = "";

  /** @internal Use `matcher.stream()`. */
  constructor(stream: NativeStream, entries: readonly Entry[]) {
    this.#stream = stream;
    this.#entries = entries;
  }

  /**
   * Takes the next piece; returns the hits that are certain by now, in text order, but combinations come when they are
   * certain. A piece may end within a surrogate pair; half a pair that stays alone counts as U+FFFD.
   */
  push(text: string): StreamHit[] {
    let piece = this.#half + text;
    const last = piece.charCodeAt(piece.length - 1);
    this.#half = last >= 0xd800 && last <= 0xdbff ? piece.slice(-1) : "";
    if (this.#half !== "") piece = piece.slice(0, -1);
    return this.#hits(this.#stream.push(piece));
  }

  /** Ends the text; returns the hits that were held back. The stream may then take another text. */
  end(): StreamHit[] {
    const early = this.#half === "" ? [] : this.#hits(this.#stream.push(this.#half));
    this.#half = "";
    return [...early, ...this.#hits(this.#stream.end())];
  }

  #hits(columns: StreamColumns | null): StreamHit[] {
    if (columns === null) return [];
    const { entries, starts, ends, levels: numbers, matched } = columns;
    return Array.from(entries, (entry, at) => {
      const { id, text: keyword } = this.#entries[entry] as Entry;
      return {
        entry: id,
        keyword,
        start: starts[at] as number,
        end: ends[at] as number,
        matched: matched[at] ?? null,
        level: levels[numbers[at] as number] as Hit["level"],
      };
    });
  }
}
