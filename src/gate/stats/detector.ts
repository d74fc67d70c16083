/**
 * Shares corrected for the detector's own errors, from human-checked samples. Advice beside the gate, never the gate.
 */

import { normalQuantile } from "./_normal.ts";
import { checkArray, checkInteger, checkLevel, checkPositive, checkShare, checkThat } from "./check.ts";

/** The two-sided normal quantile of a confidence level. */
function twoSidedZ(conf: number): number {
  return -normalQuantile((1 - conf) / 2);
}

/**
 * True share behind a flagged share, for known detector errors: `(ap + sp - 1) / (se + sp - 1)`, not cut to 0..1
 * (Rogan & Gladen, Am. J. Epidemiology 107 (1978) 71-76).
 *
 * @param args - `ap`: flagged share; `se`: share found of the unsafe; `sp`: share passed of the safe; all 0..1
 * @throws RangeError when an argument is out of range, or `se + sp` is 1: such a detector says nothing
 */
export function roganGladen(args: { ap: number; se: number; sp: number }): number {
  const { ap, se, sp } = args;
  checkShare("ap", ap);
  checkShare("se", se);
  checkShare("sp", sp);
  checkThat(se + sp !== 1, "se + sp", se + sp, "different from 1");
  return (ap + sp - 1) / (se + sp - 1);
}

/**
 * Interval for the true share when sensitivity and specificity are themselves estimated
 * (Lang & Reiczigel, Preventive Veterinary Medicine 113 (2014) 13-22, eq. 16, with `(1 - P')²` as in R's
 * asht::prevSeSp).
 *
 * @param args - `AP`, `Se`, `Sp`: shares 0..1 seen in `nP`, `nSe`, `nSp` records, each from 1; `conf`: level
 * @returns `[lower, upper]`, cut to 0..1
 * @throws RangeError when an argument is out of range, or the adjusted `Se + Sp` is 1
 */
export function langReiczigel(args: {
  AP: number;
  nP: number;
  Se: number;
  nSe: number;
  Sp: number;
  nSp: number;
  conf: number;
}): [number, number] {
  const { AP, nP, Se, nSe, Sp, nSp, conf } = args;
  for (const [name, share] of Object.entries({ AP, Se, Sp })) checkShare(name, share);
  for (const [name, count] of Object.entries({ nP, nSe, nSp })) checkInteger(name, count, 1);
  checkLevel("conf", conf);
  const z = twoSidedZ(conf);
  const zz = z * z;
  // primes of the paper: each share with a little added on both sides
  const sizeP = nP + zz;
  const ap = (nP * AP + zz / 2) / sizeP;
  const se = (nSe * Se + 1) / (nSe + 2);
  const sp = (nSp * Sp + 1) / (nSp + 2);
  const power = se + sp - 1;
  checkThat(power !== 0, "adjusted Se + Sp", se + sp, "different from 1");
  const share = (ap + sp - 1) / power;
  const varSe = (se * (1 - se)) / (nSe + 2);
  const varSp = (sp * (1 - sp)) / (nSp + 2);
  const shift = 2 * zz * (share * varSe - (1 - share) * varSp);
  const variance = (ap * (1 - ap)) / sizeP + share * share * varSe + (1 - share) ** 2 * varSp;
  const half = (z * Math.sqrt(variance)) / Math.abs(power);
  return [cut(share + shift - half), cut(share + shift + half)];
}

function cut(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/**
 * Prediction-powered estimate of the true share from a human-checked random sample and the detector's verdicts on the
 * rest (Angelopoulos et al., Science 382 (2023) 669-674; power tuning: Angelopoulos, Duchi & Zrnic, arXiv 2311.01453).
 *
 * @param args - checked records by verdict and truth: `tp`, `fp`, `fn`, `tn`; unchecked records flagged `N1` and
 *   passed `N0`; `alpha`: error level; `lam`: weight of the detector, 0..1, or null for the weight that gives the
 *   shortest interval (0 where the detector says the same of every record)
 * @returns `[estimate, lower, upper]`, not cut to 0..1
 * @throws RangeError when an argument is out of range, or there is no checked or no unchecked record
 */
export function ppiBinary(args: {
  tp: number;
  fp: number;
  fn: number;
  tn: number;
  N1: number;
  N0: number;
  alpha: number;
  lam: number | null;
}): [number, number, number] {
  const { tp, fp, fn, tn, N1, N0, alpha } = args;
  for (const [name, count] of Object.entries({ tp, fp, fn, tn, N1, N0 })) checkInteger(name, count, 0);
  checkLevel("alpha", alpha);
  const n = tp + fp + fn + tn;
  const N = N1 + N0;
  checkThat(n > 0, "tp + fp + fn + tn", n, "at least 1");
  checkThat(N > 0, "N1 + N0", N, "at least 1");
  if (args.lam !== null) checkShare("lam", args.lam);
  const lam = args.lam ?? bestWeight(args, n, N);
  const estimate = (lam * N1) / N + (tp + fn - lam * (tp + fp)) / n;
  // Y - lam Ŷ takes four values; the variance is taken about its mean
  const mean = (tp + fn - lam * (tp + fp)) / n;
  const squares = tp * (1 - lam - mean) ** 2 + fp * (lam + mean) ** 2 + fn * (1 - mean) ** 2 + tn * mean ** 2;
  const variance = (lam * lam * (N1 / N) * (N0 / N)) / N + squares / n / n;
  const half = -normalQuantile(alpha / 2) * Math.sqrt(variance);
  return [estimate, estimate - half, estimate + half];
}

/** The variance-minimizing weight, `cov(Y, Ŷ) / ((1 + n/N) var(Ŷ))`, cut to 0..1, as in ppi-python. */
function bestWeight(
  args: { tp: number; fp: number; fn: number; tn: number; N1: number },
  n: number,
  N: number,
): number {
  const { tp, fp, fn, tn } = args;
  // tp/n - (tp+fp)/n (tp+fn)/n, without the cancellation
  const covariance = (tp / n) * (tn / n) - (fp / n) * (fn / n);
  const all = n + N;
  const flagged = tp + fp + args.N1;
  const variance = (flagged / all) * ((all - flagged) / (all - 1));
  return variance === 0 ? 0 : cut(covariance / ((1 + n / N) * variance));
}

/** One stratum: records in it, records drawn and checked, and how many of those were flagged. */
export type Stratum = readonly [size: number, drawn: number, flagged: number];

/**
 * Stratified estimate of a share, with finite population correction (Cochran, Sampling Techniques, 3rd ed., 5.3-5.4):
 * `Σ W p`, variance `Σ W² (1 - n/N) p (1 - p) / (n - 1)`.
 *
 * @param args - `strata`: `[size, drawn, flagged]` each, at least 2 drawn unless all are; `conf`: level
 * @returns `[estimate, standard error, lower, upper]`, normal interval, not cut to 0..1
 * @throws RangeError when an argument is out of range
 */
export function stratified(args: { strata: readonly Stratum[]; conf: number }): [number, number, number, number] {
  const { strata, conf } = args;
  checkArray("strata", strata, 1);
  checkLevel("conf", conf);
  for (const [i, stratum] of strata.entries()) {
    checkArray(`strata[${i}]`, stratum, 3);
    const [size, drawn, flagged] = stratum;
    checkInteger(`strata[${i}] size`, size, 1);
    checkInteger(`strata[${i}] drawn`, drawn, Math.min(2, size), size, "size");
    checkInteger(`strata[${i}] flagged`, flagged, 0, drawn, "drawn");
  }
  const total = strata.reduce((sum, [size]) => sum + size, 0);
  let estimate = 0;
  let variance = 0;
  for (const [size, drawn, flagged] of strata) {
    const weight = size / total;
    const share = flagged / drawn;
    estimate += weight * share;
    if (drawn < size) variance += weight * weight * ((size - drawn) / size) * ((share * (1 - share)) / (drawn - 1));
  }
  const error = Math.sqrt(variance);
  const half = twoSidedZ(conf) * error;
  return [estimate, error, estimate - half, estimate + half];
}

/**
 * Neyman's allocation of a sample to strata, `n N sqrt(p (1 - p)) / Σ N sqrt(p (1 - p))` (J. Royal Stat. Soc. 97
 * (1934) 558-625).
 *
 * @param args - `strata`: `[size, expected share]` each; `n`: sample size, from 1
 * @returns records to draw from each stratum, not rounded, adding up to `n`; may exceed a stratum's size
 * @throws RangeError when an argument is out of range, or no stratum has a share other than 0 and 1
 */
export function neyman(args: { strata: ReadonlyArray<readonly [size: number, share: number]>; n: number }): number[] {
  const { strata, n } = args;
  checkArray("strata", strata, 1);
  checkInteger("n", n, 1);
  const spreads = strata.map((stratum, i) => {
    checkArray(`strata[${i}]`, stratum, 2);
    const [size, share] = stratum;
    checkPositive(`strata[${i}] size`, size);
    checkShare(`strata[${i}] share`, share);
    return size * Math.sqrt(share * (1 - share));
  });
  const total = spreads.reduce((sum, spread) => sum + spread, 0);
  checkThat(total > 0, "sum of N sqrt(p (1 - p))", total, "above 0: some share must differ from 0 and 1");
  return spreads.map((spread) => (n * spread) / total);
}
