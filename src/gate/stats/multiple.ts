/** Many sources tested at once: which p-values still count. */
import { checkArray, checkLevel, checkShare } from "./check.ts";

/** `[rejected, adjusted p-values]`, in the order given. */
export type Adjusted = [boolean[], number[]];

interface Args {
  /** p-values, 0..1; may be empty. */
  readonly p: readonly number[];
  /** Error level for the whole family. */
  readonly alpha: number;
}

/** Positions of the p-values in ascending order. */
function ranked({ p, alpha }: Args): number[] {
  checkArray("p", p, 0);
  for (const [i, value] of p.entries()) checkShare(`p[${i}]`, value);
  checkLevel("alpha", alpha);
  return p.map((_, i) => i).sort((a, b) => (p[a] ?? 0) - (p[b] ?? 0) || a - b);
}

/**
 * Holm's step-down procedure, which bounds the chance of any false rejection (Scand. J. Statistics 6 (1979) 65-70):
 * adjusted `p(i) = max over j <= i of (m - j + 1) p(j)`, at most 1.
 *
 * @throws RangeError when an argument is out of range
 */
export function holm(args: Args): Adjusted {
  const order = ranked(args);
  const rejected = order.map(() => false);
  const adjusted = order.map(() => 0);
  let stopped = false;
  let highest = 0;
  for (const [rank, i] of order.entries()) {
    const left = order.length - rank;
    const p = args.p[i] ?? 0;
    stopped ||= p > args.alpha / left;
    highest = Math.max(highest, p * left);
    rejected[i] = !stopped;
    adjusted[i] = Math.min(1, highest);
  }
  return [rejected, adjusted];
}

/**
 * Benjamini & Hochberg's step-up procedure, which bounds the expected share of false rejections
 * (J. Royal Stat. Soc. B 57 (1995) 289-300): adjusted `p(i) = min over j >= i of m p(j) / j`, at most 1.
 *
 * @throws RangeError when an argument is out of range
 */
export function bh(args: Args): Adjusted {
  const order = ranked(args);
  const rejected = order.map(() => false);
  const adjusted = order.map(() => 0);
  let reached = false;
  let lowest = 1;
  for (const [rank, i] of [...order.entries()].reverse()) {
    const share = (rank + 1) / order.length;
    const p = args.p[i] ?? 0;
    reached ||= p <= share * args.alpha;
    lowest = Math.min(lowest, p / share);
    rejected[i] = reached;
    adjusted[i] = lowest;
  }
  return [rejected, adjusted];
}
