/**
 * The saddle-point pieces that every density here is made of.
 *
 * A binomial, beta, gamma or hypergeometric density is `exp(-deviance)` times a slowly varying factor. Written so,
 * nothing large is subtracted from anything large, and 1e-12 is kept at a billion records, where `lgamma` differences
 * keep 1e-6. Loader, "Fast and accurate computation of binomial probabilities", 2000; Didonato & Morris, ACM TOMS 18
 * (1992) 360-373.
 */

/** log(2π) / 2. */
const HALF_LOG_TAU = 0.918_938_533_204_672_7;

/** From here on the series of `stirlingError` has full precision. */
const STIRLING_FROM = 16;

/**
 * Error of Stirling's formula: `log Γ(a + 1) - ((a + 1/2) log a - a + log(2π)/2)`, for `a > 0`.
 *
 * From 16 the asymptotic series (DLMF 5.11.1, six terms, next one below 1e-17); smaller arguments are shifted up.
 */
export function stirlingError(a: number): number {
  let shift = 0;
  let z = a;
  while (z < STIRLING_FROM) {
    // logs apart for tiny z, where 1/z would overflow
    shift += (z + 0.5) * (z < 1 ? Math.log1p(z) - Math.log(z) : Math.log1p(1 / z)) - 1;
    z += 1;
  }
  const w = 1 / (z * z);
  const series = 1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360_360)))));
  return shift + series / z;
}

/** `log Γ(a)` for `a > 0`; absolute error about 1e-15 times the larger of 1 and the result. */
export function logGamma(a: number): number {
  return (a - 0.5) * Math.log(a) - a + HALF_LOG_TAU + stirlingError(a);
}

/**
 * `v - log(1 + v)`, never negative, to full relative precision.
 *
 * @param ratio - `1 + v`, handed in because near 0 it is known better than the sum would give it
 */
export function logDefect(v: number, ratio: number): number {
  if (Math.abs(v) > 0.4) return v < Number.MAX_VALUE ? v - Math.log(ratio) : v;
  // log(1 + v) = 2 artanh(r), r = v / (v + 2), so that v - log(1 + v) = r v - 2 r^3 (1/3 + r^2/5 + ...)
  const r = v / (v + 2);
  const r2 = r * r;
  let sum = 1 / 3;
  let power = 1;
  for (let i = 5; i < 60; i += 2) {
    power *= r2;
    const next = sum + power / i;
    if (next === sum) break;
    sum = next;
  }
  return r * (v - 2 * r2 * sum);
}

/** `a * x - c` with one rounding, by Dekker's exact product (Numer. Math. 18 (1971) 224-242). */
export function productMinus(a: number, x: number, c: number): number {
  const product = a * x;
  const splitA = 134_217_729 * a;
  const aHigh = splitA - (splitA - a);
  const aLow = a - aHigh;
  const splitX = 134_217_729 * x;
  const xHigh = splitX - (splitX - x);
  const xLow = x - xHigh;
  const rest = aLow * xLow - (product - aHigh * xHigh - aLow * xHigh - aHigh * xLow);
  return product - c + (Number.isNaN(rest) ? 0 : rest);
}

/** Nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1], by Newton's method on P16 (DLMF 3.5.v). */
const RULE: ReadonlyArray<readonly [node: number, weight: number]> = gaussLegendre(16);

function gaussLegendre(order: number): Array<[number, number]> {
  const rule: Array<[number, number]> = [];
  for (let i = 0; i < order; i += 1) {
    let z = Math.cos((Math.PI * (i + 0.75)) / (order + 0.5));
    let slope = 0;
    for (let step = 0; step < 12; step += 1) {
      let before = 1;
      let value = z;
      for (let j = 2; j <= order; j += 1) [before, value] = [value, ((2 * j - 1) * z * value - (j - 1) * before) / j];
      slope = (order * (z * value - before)) / (z * z - 1);
      z -= value / slope;
    }
    rule.push([z, 2 / ((1 - z * z) * slope * slope)]);
  }
  return rule;
}

/**
 * Integral of a falling, smooth function from 0 outwards, until what follows no longer counts.
 *
 * Panels are as long as the function takes to fall by a factor e, so 16 nodes a panel reach full precision, and about
 * 40 panels the end, whatever the number of records behind it.
 *
 * @param density - value at distance `u >= 0`
 * @param scale - length at `u` over which the density changes by about a factor e
 */
export function integrateTail(density: (u: number) => number, scale: (u: number) => number): number {
  let sum = 0;
  let from = 0;
  for (let panel = 0; panel < 2000; panel += 1) {
    const half = scale(from) / 2;
    let part = 0;
    for (const [node, weight] of RULE) part += weight * density(from + half * (1 + node));
    part *= half;
    sum += part;
    if (!(part > sum * 1e-17)) break;
    from += 2 * half;
  }
  return sum;
}
