/**
 * Argument checks shared by the statistics. Each throws a `RangeError` naming the argument, its value and the limit.
 */

function refuse(name: string, value: unknown, limit: string): never {
  throw new RangeError(`${name} is ${show(value)}; it must be ${limit}`);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/**
 * An integer in `min..max` that a double holds exactly.
 *
 * @param limitName - what the upper limit is called where it is another argument, e.g. `n`
 */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
  limitName?: string,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const upper = limitName === undefined ? String(max) : `${limitName} = ${max}`;
  refuse(name, value, `an integer from ${min} to ${upper}`);
}

/** A probability or share, both ends allowed. */
export function checkShare(name: string, value: number): void {
  if (!(typeof value === "number" && value >= 0 && value <= 1)) refuse(name, value, "a number from 0 to 1");
}

/** A confidence or error level: 0 and 1 are no levels. */
export function checkLevel(name: string, value: number): void {
  if (!(typeof value === "number" && value > 0 && value < 1)) refuse(name, value, "a number above 0 and below 1");
}

/** A shape parameter or another finite positive number. */
export function checkPositive(name: string, value: number): void {
  if (!(typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY)) {
    refuse(name, value, "a finite number above 0");
  }
}

/** An array of at least `min` entries. */
export function checkArray(name: string, value: readonly unknown[], min: number): void {
  if (!Array.isArray(value) || value.length < min) refuse(name, value, `an array of at least ${min}`);
}

/** `k` of `n`: the arguments of every interval for one share. */
export function checkCount(k: number, n: number): void {
  checkInteger("n", n, 1);
  checkInteger("k", k, 0, n, "n");
}

/** Any other condition between arguments. */
export function checkThat(holds: boolean, name: string, value: unknown, limit: string): void {
  if (!holds) refuse(name, value, limit);
}
