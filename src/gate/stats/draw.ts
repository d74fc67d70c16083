/** Bottom-k drawing in its plain form. The scan draws with the longer record key of its own; see `sampling/`. */
import { createHash } from "node:crypto";
import { checkArray, checkInteger, checkThat } from "./check.ts";

/**
 * The `k` ids with the smallest SHA-256 of `seed NUL id` (UTF-8), smallest first: the same for any order and any split
 * of the ids (Cohen & Kaplan, Summarizing data using bottom-k sketches, PODC 2007).
 *
 * @param args - `seed`; `ids`, of which equal ones stay apart; `k`, from 0: all are drawn where there are fewer
 * @throws RangeError when an argument is out of range, or a string is not well-formed Unicode and so has no UTF-8 form
 */
export function bottomK(args: { seed: string; ids: readonly string[]; k: number }): string[] {
  const { seed, ids, k } = args;
  checkText("seed", seed);
  checkArray("ids", ids, 0);
  checkInteger("k", k, 0);
  return ids
    .map((id, i) => {
      checkText(`ids[${i}]`, id);
      return { id, i, key: createHash("sha256").update(`${seed}\0${id}`, "utf8").digest("hex") };
    })
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.i - b.i))
    .slice(0, k)
    .map(({ id }) => id);
}

/** Lone surrogates all become U+FFFD in UTF-8, so two different ids would share a key. */
function checkText(name: string, value: string): void {
  checkThat(typeof value === "string" && !/\p{Surrogate}/u.test(value), name, value, "a string of well-formed Unicode");
}
