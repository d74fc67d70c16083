/** Policies, and the numbers that native code judges by. */
import { describe, expect, it } from "vitest";
import type { FastModel } from "../../src/classify/model.ts";
import { nativeRules } from "../../src/config/inputs.ts";
import { defaultPolicy, policySchema, requiredStages } from "../../src/policy/policy.ts";
import { riskMask, riskOfBit, risks } from "../../src/standard/risks.ts";

const bit = (risk: string) => riskMask([risk]);
const output = (name: string, risk: string | null, flag: number, review: number) => ({
  ...{ name, risk, flag, review, scale: 1, bias: 0 },
});
const model = { outputs: [output("o1", "A1f", 0.9, 0.5), output("o2", null, 0.8, 0.6)] } as unknown as FastModel;

describe("policies", () => {
  it("need both stages unless they say otherwise", () => {
    expect(requiredStages(defaultPolicy)).toEqual(["keyword", "fast"]);
    const keywords = policySchema.parse({ version: 1, stages: { fast: "off" } });
    expect(requiredStages(keywords)).toEqual(["keyword"]);
    expect(keywords.profile).toBe("tc260-003");
  });

  it.each([
    [{ version: 2 }],
    [{ version: 1, profile: "gdpr" }],
    [{ version: 1, stages: { fast: "maybe" } }],
    [{ version: 1, thresholds: { A1f: { flag: -0.1 } } }],
    [{ version: 1, thresholds: { A1f: { flag: 1.01 } } }],
    [{ version: 1, thresholds: { A1f: { flagged: 0.5 } } }],
    [{ version: 1, thresholds: { B1: { flag: 0.5 } } }],
    [{ version: 1, models: { fast: "" } }],
    [{ version: 1, more: true }],
  ])("refuse %j", (policy) => {
    expect(policySchema.safeParse(policy).success).toBe(false);
  });
});

describe("native rules", () => {
  it("take the thresholds that the model was calibrated to, unless the policy has its own", () => {
    const policy = policySchema.parse({ version: 1, thresholds: { A1f: { flag: 0.7 } } });
    expect(nativeRules(defaultPolicy, model, bit).outputs).toEqual([
      { mask: bit("A1f"), flag: 0.9, review: 0.5 },
      { mask: 0, flag: 0.8, review: 0.6 },
    ]);
    expect(nativeRules(policy, model, bit).outputs[0]).toEqual({ mask: bit("A1f"), flag: 0.7, review: 0.5 });
    expect(nativeRules(policy, null, bit).outputs).toEqual([]);
  });

  it.each([
    ["tc260-003", 29, 31],
    ["gbt-45654-2025", 29, 31],
    ["gbt-45652-2025", 29, 29],
  ])("of %s flag by %i risks and find %i unqualified", (profile, flagged, unqualified) => {
    const rules = nativeRules(policySchema.parse({ version: 1, profile }), null, bit);
    const count = (mask: number) => mask.toString(2).replaceAll("0", "").length;
    expect([count(rules.flaggedMask), count(rules.unqualifiedMask)]).toEqual([flagged, unqualified]);
    expect(rules.flaggedMask & bit("A5a")).toBe(0);
    expect((rules.flaggedMask & ~rules.unqualifiedMask) >>> 0).toBe(0);
  });
});

describe("risks", () => {
  it("are the 31 of Annex A, each with a bit of its own", () => {
    expect(risks).toHaveLength(31);
    const groups = [...new Set(risks.map(({ group }) => group))];
    const sizes = groups.map((group) => [group, risks.filter((risk) => risk.group === group).length]);
    expect(sizes).toEqual([
      ["A.1", 8],
      ["A.2", 9],
      ["A.3", 5],
      ["A.4", 7],
      ["A.5", 2],
    ]);
    expect(riskMask(risks.map(({ id }) => id))).toBe(2 ** 31 - 1);
    risks.forEach(({ id, clause }, at) => {
      expect(riskOfBit(at)).toBe(id);
      expect(bit(id)).toBe(2 ** at);
      expect(clause.replace(".", "")).toBe(id);
    });
    expect(() => riskOfBit(31)).toThrow(RangeError);
    expect(() => riskMask(["A6a"])).toThrow('"A6a" is not a risk');
  });
});
