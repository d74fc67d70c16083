/** Distribution functions and quantiles under their own names; intervals and tests are built on the same ones. */
import { betaQuantile, betaTails, logBetaTerm } from "./_beta.ts";
import { binomialTails, hypergeometricTails } from "./_binomial.ts";
import { gammaQuantile } from "./_gamma.ts";
import { normalQuantile } from "./_normal.ts";
import { checkInteger, checkPositive, checkShare } from "./check.ts";

/**
 * `P(X <= c)` for X ~ Binomial(n, p) = `I_{1-p}(n - c, c + 1)` (DLMF 8.17.5).
 *
 * @param args - `c`: integer, may lie outside 0..n; `n`: trials, from 0; `p`: success probability, 0..1
 * @throws RangeError when an argument is out of range
 */
export function binomCdf(args: { c: number; n: number; p: number }): number {
  const { c, n, p } = args;
  checkInteger("n", n, 0);
  checkInteger("c", c, Number.MIN_SAFE_INTEGER);
  checkShare("p", p);
  return binomialTails(c, n, p).atMost;
}

/**
 * `P(X <= c)`, X = marked items among `n` drawn without replacement from `N` items of which `D` are marked.
 *
 * @param args - `c`: integer, may lie outside the support; `N`: population, from 1; `D`, `n`: 0..N
 * @throws RangeError when an argument is out of range
 */
export function hypergeomCdf(args: { c: number; N: number; D: number; n: number }): number {
  const { c, N, D, n } = args;
  checkInteger("N", N, 1);
  checkInteger("D", D, 0, N, "N");
  checkInteger("n", n, 0, N, "N");
  checkInteger("c", c, Number.MIN_SAFE_INTEGER);
  return hypergeometricTails(c, N, D, n).atMost;
}

/**
 * `P(X <= c)` for the beta-binomial distribution, mass `C(n, k) B(k + a, n - k + b) / B(a, b)`.
 *
 * The shorter tail is summed term by term, so the time grows with `min(c, n - c)`: about 10 ms per million terms.
 *
 * @param args - `c`: integer, may lie outside 0..n; `n`: trials, from 0; `a`, `b`: shapes above 0
 * @throws RangeError when an argument is out of range
 */
export function betaBinomCdf(args: { c: number; n: number; a: number; b: number }): number {
  const { c, n, a, b } = args;
  checkInteger("n", n, 0);
  checkInteger("c", c, Number.MIN_SAFE_INTEGER);
  checkPositive("a", a);
  checkPositive("b", b);
  if (c < 0) return 0;
  if (c >= n) return 1;
  // From the mean on, the upper tail is the smaller one: count failures instead.
  return c > n * (a / (a + b)) ? 1 - betaBinomialSum(n - c - 1, n, b, a) : betaBinomialSum(c, n, a, b);
}

function betaBinomialSum(c: number, n: number, a: number, b: number): number {
  // Masses are relative to the one at `c`; where they rise first (a < 1 and b < 1) the sum runs to the end.
  let sum = 1;
  let lost = 0;
  let part = 1;
  for (let k = c; k > 0; k -= 1) {
    const before = part;
    part *= (k / (n - k + 1)) * ((n - k + b) / (k - 1 + a));
    const next = sum + part;
    lost += part - (next - sum);
    sum = next;
    if (a >= 1 && part < before && part * k < sum * 1e-17) break;
  }
  return Math.exp(logBetaBinomialMass(c, n, a, b)) * (sum + lost);
}

/** Three saddle-point terms at one common p, which cancels; so no large logarithms are subtracted. */
function logBetaBinomialMass(k: number, n: number, a: number, b: number): number {
  const s = n + a + b;
  const p = (k + a) / s;
  const q = (n - k + b) / s;
  const binomial =
    k === 0 || k === n ? n * Math.log(k === 0 ? q : p) : logBetaTerm(k, n - k, p, q) + Math.log(n / k / (n - k));
  return binomial + logBetaTerm(a, b, p, q) - logBetaTerm(k + a, n - k + b, p, q);
}

/**
 * Quantile of the standard normal distribution, by AS 241 (Wichura 1988).
 *
 * @param args - `q`: share below the result, 0..1; the ends give -Infinity and Infinity
 * @throws RangeError when `q` is out of range
 */
export function normalPpf(args: { q: number }): number {
  checkShare("q", args.q);
  return normalQuantile(args.q);
}

/**
 * Quantile of Beta(a, b): the `x` with `I_x(a, b) = q`.
 *
 * @param args - `q`: share below the result, 0..1; `a`, `b`: shapes above 0
 * @throws RangeError when an argument is out of range
 */
export function betaPpf(args: { q: number; a: number; b: number }): number {
  const { q, a, b } = args;
  checkShare("q", q);
  checkPositive("a", a);
  checkPositive("b", b);
  return betaQuantile(q, 1 - q, a, b);
}

/**
 * Regularized incomplete beta function `I_x(a, b)` (DLMF 8.17).
 *
 * @param args - `a`, `b`: shapes above 0; `x`: 0..1
 * @throws RangeError when an argument is out of range
 */
export function betainc(args: { a: number; b: number; x: number }): number {
  const { a, b, x } = args;
  checkPositive("a", a);
  checkPositive("b", b);
  checkShare("x", x);
  return betaTails(a, b, x, 1 - x).lower;
}

/**
 * Quantile of the chi-squared distribution.
 *
 * @param args - `q`: share below the result, 0..1 (1 gives Infinity); `df`: degrees of freedom, above 0
 * @throws RangeError when an argument is out of range
 */
export function chi2Ppf(args: { q: number; df: number }): number {
  const { q, df } = args;
  checkShare("q", q);
  checkPositive("df", df);
  return 2 * gammaQuantile(q, 1 - q, df / 2);
}
