/** Digests of configuration do not see layout; they see everything else. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf } from "../../src/config/digest.ts";

describe("digestOf", () => {
  it("is SHA-256 over RFC 8785", () => {
    const value = { b: [1, 2.5, 1e21, -0], a: "汉\u0007\n", é: null, "10": true, "9": false };
    const canonical = '{"10":true,"9":false,"a":"汉\\u0007\\n","b":[1,2.5,1e+21,0],"é":null}';
    expect(canonicalJson(value)).toBe(canonical);
    expect(digestOf(value)).toBe(createHash("sha256").update(canonical).digest("hex"));
  });

  it("does not see the order of keys, and sees that of lists", () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
    expect(digestOf({ a: null })).not.toBe(digestOf({}));
    expect(digestOf({ a: "1" })).not.toBe(digestOf({ a: 1 }));
  });

  it.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY]])("refuses %s, which has no JSON form", (value) => {
    expect(() => digestOf(value)).toThrow();
  });
});
