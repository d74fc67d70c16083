/** Tallies add up, and a file that is not a sound one is scanned again. */
import { describe, expect, it } from "vitest";
import { parseShardTally } from "../../src/tally/shard-tally.ts";
import { addTally, addUnread, brokenIdentity, emptyTally, type Tally } from "../../src/tally/tally.ts";
import { counts, planDigest, shardTally, tallyText } from "./fixtures.ts";

const tally = () => shardTally("a", { s: counts }).result.sources.s as Tally;
const plain = ({ distinct, ids, ...rest }: Tally) => ({ ...rest, distinct: distinct.estimate(), ids: ids.repeated() });

describe("addTally", () => {
  it("adds every count", () => {
    const sum = emptyTally();
    addTally(sum, tally());
    addTally(sum, tally());
    expect(sum).toMatchObject({
      ...{ rows: 20, empty: 2, records: 18, assessed: 14, notAssessed: { "invalid-json": 4 } },
      ...{ flagged: 4, unqualified: 6, risks: { A1a: 4, A5b: 2 }, textBytes: 200 },
      stages: { keywordOnly: 2, classifierOnly: 4, both: 0, neither: 8 },
    });
    expect(brokenIdentity(sum)).toBeNull();
  });

  it("does not depend on the order", () => {
    const other = () => ({ ...tally(), rows: 11, records: 10, notAssessed: { "too-long": 3 }, risks: { A2a: 3 } });
    const [one, two] = [emptyTally(), emptyTally()];
    for (const part of [tally(), other()]) addTally(one, part);
    for (const part of [other(), tally()]) addTally(two, part);
    expect(plain(one)).toEqual(plain(two));
  });

  it("counts unread records in the population only", () => {
    const sum = tally();
    addUnread(sum, "modality", 5);
    addUnread(sum, "timeout", 0);
    expect(sum).toMatchObject({ rows: 15, records: 14, assessed: 7, notAssessed: { "invalid-json": 2, modality: 5 } });
    expect(sum.notAssessed).not.toHaveProperty("timeout");
    expect(brokenIdentity(sum)).toBeNull();
  });
});

describe("brokenIdentity", () => {
  it.each([
    [{ rows: 11 }, "rows = empty + records: 11 is not 1 + 9"],
    [{ records: 8, rows: 9 }, "records = assessed + not assessed: 8 is not 7 + 2"],
    [{ stages: { ...counts.stages, both: 1 } }, "assessed = stage outcomes: 7 is not 8"],
    [{ flagged: 4 }, "flagged ≤ unqualified ≤ assessed: 4, 3, 7"],
    [{ unqualified: 8 }, "flagged ≤ unqualified ≤ assessed: 2, 8, 7"],
  ])("says of %j that %s", (wrong, says) => {
    expect(brokenIdentity({ ...tally(), ...wrong })).toBe(says);
  });
});

describe("parseShardTally", () => {
  const read = (text: string) => parseShardTally(text, planDigest, "a");

  it("reads what native code wrote, risks by their ids", () => {
    expect(read(tallyText("a", { s: counts }))?.result.sources.s?.risks).toEqual({ A1a: 2, A5b: 1 });
  });

  it.each([
    ["another shard", tallyText("b", { s: counts })],
    ["another plan", tallyText("a", { s: counts }).replace(planDigest, "cd".repeat(32))],
    ["another schema", tallyText("a", { s: counts }).replace("tally/1", "tally/2")],
    ["half a file", tallyText("a", { s: counts }).slice(0, 100)],
    ["nothing", ""],
    ["a field too many", tallyText("a", { s: { ...counts, more: 1 } })],
    ["a field too few", tallyText("a", { s: { ...counts, rows: undefined } })],
    ["a negative count", tallyText("a", { s: { ...counts, flagged: -1 } })],
    ["a count that is no integer", tallyText("a", { s: { ...counts, textBytes: 1.5 } })],
    ["a reason that is not on the list", tallyText("a", { s: { ...counts, notAssessed: { tired: 2 } } })],
    ["counts that do not add up", tallyText("a", { s: { ...counts, assessed: 8 } })],
    ["a risk that does not exist", tallyText("a", { s: { ...counts, risks: { "31": 2 } } })],
    ["a sketch that is none", tallyText("a", { s: { ...counts, distinct: "d:AA==" } })],
    ["ids that are none", tallyText("a", { s: { ...counts, ids: "AAAA" } })],
  ])("takes %s for no tally", (_, text) => {
    expect(read(text)).toBeNull();
  });
});
