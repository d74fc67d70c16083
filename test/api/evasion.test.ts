/**
 * The evasion cases of test/data/evasion through the addon: what is found in each text, where, and nothing else; and the
 * same when the text arrives in pieces, wherever it is cut.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Library } from "../../src/api/library.ts";
import type { Matcher } from "../../src/api/matcher.ts";
import type { StreamHit } from "../../src/api/stream.ts";
import type { MatchOptions } from "../../src/library/library.ts";

interface Expected {
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
  readonly matched: string;
}

interface Case {
  readonly id: string;
  readonly text: string;
  readonly keywords: readonly string[];
  readonly options: Partial<MatchOptions> & { readonly chunks?: readonly number[] };
  readonly expect?: readonly Expected[];
  readonly expect_none?: boolean;
}

const folder = new URL("../data/evasion/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));

const casesOf = (file: string) =>
  readFileSync(new URL(file, folder), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Case);

async function withMatcher<T>({ keywords, options }: Case, use: (matcher: Matcher) => T): Promise<T> {
  const { chunks: _, ...given } = options;
  const matcher = await Library.compile({ entries: [...new Set(keywords)], options: given });
  try {
    return use(matcher);
  } finally {
    matcher.release();
  }
}

function streamed(matcher: Matcher, pieces: readonly string[]): StreamHit[] {
  const stream = matcher.stream();
  return [...pieces.flatMap((piece) => stream.push(piece)), ...stream.end()];
}

const shown = (hits: readonly Expected[]) =>
  hits.map(({ keyword, start, end, matched }) => `${keyword} ${start}..${end} ${matched}`);

/** Longest text that is cut at every place. */
const cutEverywhere = 400;

describe.each(files)("%s", (file) => {
  const cases = casesOf(file);

  it("has cases, each of which says what to expect", () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.filter((one) => (one.expect ?? []).length > 0 === (one.expect_none === true))).toEqual([]);
  });

  it("gives what it expects and nothing else", async () => {
    const wrong: unknown[] = [];
    for (const one of cases) {
      const got = shown(await withMatcher(one, (matcher) => matcher.match(one.text)));
      const expected = shown(one.expect ?? []);
      if (JSON.stringify(got) !== JSON.stringify(expected)) {
        wrong.push({ id: one.id, text: one.text, options: one.options, got, expected });
      }
    }
    expect(wrong).toEqual([]);
  });

  it("gives the same in pieces", async () => {
    const wrong: unknown[] = [];
    for (const one of cases) {
      await withMatcher(one, (matcher) => {
        const whole = matcher.match(one.text);
        const points = [...one.text];
        const bounds = [0, ...(one.options.chunks ?? []), points.length];
        const chunks = bounds.slice(1).map((end, at) => points.slice(bounds[at], end).join(""));
        const ways = [chunks, points];
        // Every cut between UTF-16 units, those within a surrogate pair too.
        for (let cut = 0; one.text.length <= cutEverywhere && cut <= one.text.length; cut++) {
          ways.push([one.text.slice(0, cut), one.text.slice(cut)]);
        }
        for (const pieces of ways) {
          const got = streamed(matcher, pieces);
          if (JSON.stringify(got) !== JSON.stringify(whole)) wrong.push({ id: one.id, pieces, got, whole });
        }
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe("long texts", () => {
  // More than a stream gathers, so that it hands out hits while the text goes on.
  const filler = "码头的工人 load and unload the ships; ".repeat(1500);

  it.each(files)("around the cases of %s give the same in pieces", async (file) => {
    const wrong: unknown[] = [];
    // One case of each set of options: what differs between them is how the stream holds text back.
    const kinds = new Map(casesOf(file).map((one) => [JSON.stringify({ ...one.options, chunks: null }), one]));
    for (const one of kinds.values()) {
      await withMatcher(one, (matcher) => {
        const text = `${one.text}\n\n${filler}\n\n${one.text}\n\n${filler}\n\n${one.text}`;
        const whole = matcher.match(text);
        const pieces = text.match(/[\s\S]{1,7001}/g) ?? [];
        const got = inTextOrder(streamed(matcher, pieces));
        // A combination may be longer than what a stream keeps; then the stream has its place, and not its text.
        const withoutText = got.map((hit, at) => ({ ...hit, matched: hit.matched ?? whole[at]?.matched }));
        if (JSON.stringify(withoutText) !== JSON.stringify(whole)) wrong.push({ id: one.id, got, whole });
      });
    }
    expect(wrong).toEqual([]);
  });
});

function inTextOrder(hits: readonly StreamHit[]): StreamHit[] {
  return hits.toSorted((a, b) => a.start - b.start || a.end - b.end);
}
