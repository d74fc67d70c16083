/** Messages of configuration files: file, line, column, field, value and what is allowed. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseYaml } from "../../src/config/yaml.ts";
import { ScanError } from "../../src/errors.ts";

const schema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).optional(),
  rows: z.array(z.strictObject({ n: z.int().max(9) })).optional(),
  either: z.union([z.string(), z.strictObject({ from: z.int(), to: z.int() })]).optional(),
  byKey: z.record(z.string().regex(/^[a-z]$/, { error: "is not one letter" }), z.number()).optional(),
});

function messageOf(text: string): string {
  try {
    parseYaml(text, "f.yaml", schema);
  } catch (error) {
    expect(error).toBeInstanceOf(ScanError);
    expect((error as ScanError).code).toBe("config");
    return (error as ScanError).message;
  }
  throw new Error("nothing was refused");
}

describe("parseYaml", () => {
  it("gives the value with its defaults", () => {
    const withDefault = z.object({ a: z.int().default(7) });
    expect(parseYaml("{}", "f.yaml", withDefault)).toEqual({ a: 7 });
    expect(parseYaml("version: 1\nrows: [{ n: 9 }]\n", "f.yaml", schema)).toEqual({ version: 1, rows: [{ n: 9 }] });
  });

  it.each([
    ["version: 2", ["f.yaml:1:10: version: 2: "]],
    ["version: 1\nrows:\n  - n: 3\n  - n: 10\n", ["f.yaml:4:8: rows[1].n: 10: "]],
    ["version: 1\nrows:\n  - n: 3\n    m: 4\n", ['f.yaml:3:5: rows[0]: Unrecognized key: "m"']],
    ["name: x", ["f.yaml:1:1: version: "]],
    ["version: 1\nname: ''", ['f.yaml:2:7: name: "": ']],
    ["version: 1\neither: { from: 1, to: x }", ['f.yaml:2:24: either.to: "x": ']],
    ["version: 1\neither: 5", ["f.yaml:2:9: either: 5: "]],
    ["version: 1\nbyKey: { ab: 1 }", ["f.yaml:2:14: byKey.ab: is not one letter"]],
    ["version: 2\nname: ''", ["f.yaml:1:10: version: 2: ", '\nf.yaml:2:7: name: "": ']],
    ["[", ["f.yaml:1:2: not valid YAML: "]],
    ["version: 1\nversion: 1", ["f.yaml:2:1: not valid YAML: ", "unique"]],
    ["version: 1\n\tname: x", ["f.yaml:2:1: not valid YAML: "]],
    ["", ["f.yaml:1:1: "]],
    ["- 1", ["f.yaml:1:1: "]],
  ])("says what is wrong with %j", (text, says) => {
    const message = messageOf(text);
    for (const part of says) expect(message).toContain(part);
  });

  it("shows no more than the start of a long value", () => {
    const message = messageOf(`version: "${"x".repeat(10_000)}"`);
    expect(message).toContain("…");
    expect(message.length).toBeLessThan(200);
  });

  it("refuses aliases that grow without end", () => {
    const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(", ")}]`);
    expect(messageOf(`a0: &a0 [x]\n${bomb.join("\n")}\n`)).toContain("not usable YAML");
  });
});
