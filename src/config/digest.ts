/** Digests of configuration: SHA-256 over canonical JSON (RFC 8785), so that layout and comments change nothing. */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** Canonical JSON of a value of plain objects, arrays, strings, booleans, null and finite numbers. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return text;
}

/** SHA-256 of the canonical JSON, as 64 lower-case hexadecimal digits. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
