/** Tests of one share against a limit: exact p-value, acceptance plans, power, and Wald's sequential test. */
import { binomialMass, binomialTails, firstInteger } from "./_binomial.ts";
import { checkCount, checkInteger, checkLevel, checkShare, checkThat } from "./check.ts";

/** Masses within this factor of the observed one count as equally unlikely, as in scipy and R. */
const TIE = 1 + 1e-7;

/**
 * Exact binomial test: the probability of a result at least as extreme as `k` of `n` when the true share is `p`.
 * "two-sided" adds all outcomes that are no more likely than `k` (Conover, Practical Nonparametric Statistics, 3.1).
 *
 * @param args - `k`: 0..n; `n`: from 1; `p`: 0..1; `alternative`: `less`, `greater` or `two-sided`
 * @returns the p-value, 0..1
 * @throws RangeError when an argument is out of range
 */
export function binomTest(args: {
  k: number;
  n: number;
  p: number;
  alternative: "less" | "greater" | "two-sided";
}): number {
  const { k, n, p, alternative } = args;
  checkCount(k, n);
  checkShare("p", p);
  if (alternative === "less") return binomialTails(k, n, p).atMost;
  if (alternative === "greater") return binomialTails(k - 1, n, p).above;
  checkThat(alternative === "two-sided", "alternative", alternative, '"less", "greater" or "two-sided"');
  if (k === p * n) return 1;
  const enough = binomialMass(k, n, p) * TIE;
  if (k < p * n) {
    // first outcome above the mean that is no more likely than k
    const far = firstInteger(Math.ceil(p * n), n + 1, (x) => binomialMass(x, n, p) <= enough);
    return Math.min(1, binomialTails(k, n, p).atMost + binomialTails(far - 1, n, p).above);
  }
  const near = firstInteger(0, Math.floor(p * n) + 1, (x) => binomialMass(x, n, p) > enough) - 1;
  return Math.min(1, binomialTails(near, n, p).atMost + binomialTails(k - 1, n, p).above);
}

/**
 * Largest number of hits in a sample of `n` that still shows, at level `conf`, a share below `p0`:
 * the largest `c` with `P(X <= c; n, p0) <= 1 - conf`.
 *
 * @param args - `n`: sample size, from 1; `p0`: limit, 0..1; `conf`: level
 * @returns a count, -1 when not even 0 hits would show it
 * @throws RangeError when an argument is out of range
 */
export function acceptanceNumber(args: { n: number; p0: number; conf: number }): number {
  const { n, p0, conf } = args;
  checkInteger("n", n, 1);
  checkShare("p0", p0);
  checkLevel("conf", conf);
  return firstInteger(0, n, (c) => binomialTails(c, n, p0).atMost > 1 - conf) - 1;
}

/**
 * Smallest sample in which `c` hits still show, at level `conf`, a share below `p0`:
 * the smallest `n` with `P(X <= c; n, p0) <= 1 - conf`.
 *
 * @param args - `c`: allowed hits, from 0; `p0`: limit, above 0, at most 1; `conf`: level
 * @returns a count of records
 * @throws RangeError when an argument is out of range, or the sample would be larger than 2^53 - 1
 */
export function minSampleSize(args: { c: number; p0: number; conf: number }): number {
  const { c, p0, conf } = args;
  checkInteger("c", c, 0);
  checkThat(p0 > 0 && p0 <= 1, "p0", p0, "a number above 0 and at most 1");
  checkLevel("conf", conf);
  const enough = (n: number): boolean => binomialTails(c, n, p0).atMost <= 1 - conf;
  let high = Math.max(c + 1, Math.ceil((c + 1) / p0));
  while (high < Number.MAX_SAFE_INTEGER && !enough(high)) high *= 2;
  checkThat(high < Number.MAX_SAFE_INTEGER, "p0", p0, "large enough that 2^53 - 1 records suffice");
  return firstInteger(c + 1, high, enough);
}

/**
 * Power of the acceptance plan `c = acceptanceNumber(n, p0, conf)`: how often a source whose true share is `p1` is
 * shown to be below `p0`.
 *
 * @returns `[c, P(X <= c; n, p1)]`
 * @throws RangeError when an argument is out of range
 */
export function gatePower(args: { n: number; p0: number; conf: number; p1: number }): [number, number] {
  checkShare("p1", args.p1);
  const c = acceptanceNumber({ n: args.n, p0: args.p0, conf: args.conf });
  return [c, binomialTails(c, args.n, args.p1).atMost];
}

/** log(p1 / p0), and log((1 - p0) / (1 - p1)), without cancellation where p0 and p1 are close. */
function logRatios(p0: number, p1: number): { hit: number; miss: number } {
  checkLevel("p0", p0);
  checkLevel("p1", p1);
  checkThat(p1 !== p0, "p1", p1, `different from p0 = ${p0}`);
  return { hit: logQuotient(p1, p0), miss: logQuotient(1 - p0, 1 - p1) };
}

function logQuotient(a: number, b: number): number {
  const change = (a - b) / b;
  return Math.abs(change) < 0.5 ? Math.log1p(change) : Math.log(a) - Math.log(b);
}

/**
 * Wald's sequential probability ratio test of share `p0` against `p1` (Sequential Analysis, 1947), natural logarithms.
 *
 * @param args - `p0`, `p1`: shares above 0 and below 1, different; `alpha`, `beta`: error levels, together below 1
 * @returns `[log((1 - β) / α), log(β / (1 - α)), slope, h0, h1]`: the limits of the log-likelihood ratio, and the
 *   decision lines in hits over records, `slope n - h0` (accept `p0`) and `slope n + h1` (accept `p1`)
 * @throws RangeError when an argument is out of range
 */
export function sprt(args: {
  p0: number;
  p1: number;
  alpha: number;
  beta: number;
}): [number, number, number, number, number] {
  const { alpha, beta } = args;
  const { hit, miss } = logRatios(args.p0, args.p1);
  checkLevel("alpha", alpha);
  checkLevel("beta", beta);
  checkThat(alpha + beta < 1, "alpha + beta", alpha + beta, "below 1");
  const reject = Math.log((1 - beta) / alpha);
  const accept = Math.log(beta / (1 - alpha));
  const perHit = hit + miss;
  return [reject, accept, miss / perHit, -accept / perHit, reject / perHit];
}

/**
 * Log-likelihood ratio of Wald's test after `k` hits in `n` records: `k log(p1/p0) + (n - k) log((1 - p1)/(1 - p0))`.
 *
 * @param args - `k`: 0..n; `n`: from 0; `p0`, `p1`: shares above 0 and below 1, different
 * @throws RangeError when an argument is out of range
 */
export function sprtLlr(args: { k: number; n: number; p0: number; p1: number }): number {
  const { k, n, p0, p1 } = args;
  checkInteger("n", n, 0);
  checkInteger("k", k, 0, n, "n");
  const { hit, miss } = logRatios(p0, p1);
  return k * hit - (n - k) * miss;
}
