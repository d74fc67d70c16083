/** Parsers of option values. An error names the option's value and what is allowed. */
import { InvalidArgumentError, Option } from "commander";

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size such as `128MiB`, `4G`, `65536`: bytes. */
export function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(digits) * (units[(unit ?? "").toUpperCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidArgumentError(`a size such as 128MiB or 4GiB was expected.`);
  }
  return bytes;
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("a whole number of at least 1 was expected.");
  }
  return count;
}

/** Hexadecimal digits, an even number of them. */
export function parseHex(text: string): string {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text) || text.length > 256) {
    throw new InvalidArgumentError("hexadecimal digits were expected, 2 to 256 of them, an even number.");
  }
  return text.toLowerCase();
}

/** A list of names, separated by commas. */
export function parseList<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((part) => {
      const name = part.trim() as T;
      if (!allowed.includes(name)) throw new InvalidArgumentError(`"${part}" is not one of ${allowed.join(", ")}.`);
      return name;
    });
}

/** An option that takes one of some names. */
export function choice(flags: string, description: string, allowed: readonly string[]): Option {
  return new Option(flags, description).choices([...allowed]);
}
