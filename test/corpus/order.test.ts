/** The order of work, tasks of many small shards, and the parts of a plan. */
import { describe, expect, it } from "vitest";
import { bundlesOf, costOf, partsOf } from "../../src/corpus/order.ts";
import type { Plan, Shard } from "../../src/corpus/plan.ts";
import { planOf } from "../tally/fixtures.ts";

const MiB = 1024 * 1024;

/** A plan of files with these sizes, each one shard; the ids have no order. */
function planOfSizes(sizes: readonly number[], format: (at: number) => string = () => "jsonl"): Plan {
  const plan = planOf(sizes.map((_, at) => ({ shards: [`${(at * 7919) % 100_003}-${at}`], format: format(at) })));
  return { ...plan, shards: plan.shards.map((shard, at) => ({ ...shard, bytes: sizes[at] as number })) };
}

const ids = (shards: readonly Shard[]) => shards.map(({ id }) => id);
const costs = (plan: Plan, shards: readonly Shard[]) => shards.reduce((sum, shard) => sum + costOf(plan, shard), 0);

/** One file of 100 GB in shards of 128 MiB beside 10,000 small ones. */
const skewed = planOfSizes([
  ...Array(745).fill(128 * MiB),
  ...Array.from({ length: 10_000 }, (_, n) => 2000 + (n % 2000)),
]);

describe("tasks", () => {
  it.each([1, 2, 16, 64])("for %d workers hold each shard once, the costly ones first", (workers) => {
    const bundles = bundlesOf(skewed, skewed.shards, workers);
    expect(ids(bundles.flat()).toSorted()).toEqual(ids(skewed.shards).toSorted());
    const sizes = bundles.map((bundle) => Math.max(...bundle.map((shard) => costOf(skewed, shard))));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    // Small ones share tasks; large ones have their own.
    expect(bundles.length).toBeLessThan(745 + 10_000 / 100);
    for (const bundle of bundles) {
      if (bundle.length === 1) continue;
      expect(costs(skewed, bundle)).toBeLessThanOrEqual(16 * MiB);
      expect(bundle.length).toBeLessThanOrEqual(256);
    }
  });

  it("are enough for all workers, however small a corpus is", () => {
    const plan = planOfSizes(Array(16).fill(100_000));
    expect(bundlesOf(plan, plan.shards, 4).length).toBe(16);
    expect(bundlesOf(plan, plan.shards, 1).length).toBeGreaterThanOrEqual(4);
    expect(bundlesOf(plan, [], 4)).toEqual([]);
  });

  it("begin with compressed files of the same size: they hold more text", () => {
    const plan = planOfSizes([8 * MiB, 8 * MiB, 8 * MiB], (at) => ["jsonl", "jsonl.zst", "parquet"][at] as string);
    expect(bundlesOf(plan, plan.shards, 2).map(([shard]) => shard?.file)).toEqual([1, 2, 0]);
  });

  it("keep the shards of a file in their order", () => {
    const plan = planOfSizes(Array(50).fill(64 * MiB));
    expect(ids(bundlesOf(plan, plan.shards, 8).flat())).toEqual(ids(plan.shards));
  });
});

describe("parts", () => {
  it.each([1, 2, 3, 7, 64, 1000])("of %d hold each shard once, in the order of the plan, with equal work", (count) => {
    const parts = partsOf(skewed, count);
    expect(parts).toHaveLength(count);
    expect(ids(parts.flat()).toSorted()).toEqual(ids(skewed.shards).toSorted());
    const place = new Map(skewed.shards.map((shard, at) => [shard, at]));
    for (const part of parts) {
      const places = part.map((shard) => place.get(shard) as number);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
    // No part has more than an equal share and one shard.
    const largest = Math.max(...skewed.shards.map((shard) => costOf(skewed, shard)));
    const equal = costs(skewed, skewed.shards) / count;
    for (const part of parts) expect(costs(skewed, part)).toBeLessThanOrEqual(equal + largest);
    if (count <= 7) for (const part of parts) expect(costs(skewed, part) / equal).toBeCloseTo(1, 2);
  });

  it("do not depend on the order of the files", () => {
    const turned = { ...skewed, shards: skewed.shards.toReversed() };
    const sets = (plan: Plan) => partsOf(plan, 5).map((part) => ids(part).toSorted());
    expect(sets(turned)).toEqual(sets(skewed));
  });

  it("are empty where there are fewer shards", () => {
    const plan = planOfSizes([5, 3]);
    expect(
      partsOf(plan, 4)
        .map((part) => part.length)
        .toSorted(),
    ).toEqual([0, 0, 1, 1]);
    expect(partsOf({ ...plan, shards: [] }, 2)).toEqual([[], []]);
  });
});
