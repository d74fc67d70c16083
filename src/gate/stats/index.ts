/**
 * `corpusgate/stats`: the statistics behind the gates and their advice. Pure functions of one object argument; bad
 * arguments throw a `RangeError` that names argument, value and limit. Shares and probabilities are 0..1. All agree
 * with scipy, statsmodels and ppi-python to a relative 1e-9 (absolute 1e-12 near 0).
 */
export { fleiss, kappa } from "./agreement.ts";
export type { Stratum } from "./detector.ts";
export { langReiczigel, neyman, ppiBinary, roganGladen, stratified } from "./detector.ts";
export { betaBinomCdf, betainc, betaPpf, binomCdf, chi2Ppf, hypergeomCdf, normalPpf } from "./distributions.ts";
export { bottomK } from "./draw.ts";
export type { FiniteArgs, ShareArgs } from "./intervals.ts";
export {
  agrestiCoull,
  clopperPearson,
  cpLower,
  cpUpper,
  finiteUpper,
  jeffreys,
  poissonUpper,
  wilson,
  wilsonCc,
} from "./intervals.ts";
export type { Adjusted } from "./multiple.ts";
export { bh, holm } from "./multiple.ts";
export { acceptanceNumber, binomTest, gatePower, minSampleSize, sprt, sprtLlr } from "./testing.ts";
