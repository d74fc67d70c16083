/** How a budget is shared out: never over it, fewer workers before smaller batches than are of use, and a least. */
import { describe, expect, it } from "vitest";
import { leastMemory, planMemory } from "../../src/pool/memory.ts";

const mib = 2 ** 20;
const full = { workers: 8, libraryBytes: 3 * mib, modelBytes: 3 * mib };
const keywords = { ...full, modelBytes: null };

describe("planMemory", () => {
  it("gives all that is of use where there is plenty", () => {
    for (const needs of [full, keywords]) {
      expect(planMemory(64 * 1024 * mib, needs)).toMatchObject({
        workers: 8,
        batchBytes: mib,
        packIds: needs === full ? 2 ** 18 : 2 ** 15,
      });
    }
  });

  it("has fewer workers where the budget cannot hold all", () => {
    const least = leastMemory(full);
    expect(planMemory(least, full).workers).toBe(1);
    const workers = Array.from({ length: 30 }, (_, n) => planMemory(least + n * 20 * mib, full).workers);
    expect(workers).toEqual(workers.toSorted((a, b) => a - b));
    expect(workers.at(-1)).toBe(8);
    expect(planMemory(least, { ...full, workers: 1 }).workers).toBe(1);
  });

  it("takes larger batches only with more memory", () => {
    for (const needs of [full, keywords]) {
      const least = leastMemory(needs);
      const batches = Array.from(
        { length: 40 },
        (_, n) => planMemory(least + n * 32 * mib, { ...needs, workers: 2 }).batchBytes,
      );
      for (const bytes of batches) expect(bytes).toBeGreaterThanOrEqual(2 ** 16);
      expect(batches.at(-1)).toBe(mib);
    }
  });

  it("adds up to no more than the budget", () => {
    for (const needs of [full, keywords]) {
      for (let budget = leastMemory(needs); budget < 4096 * mib; budget += 111 * mib) {
        const { workers, perWorker, shared, total } = planMemory(budget, needs);
        expect(total).toBe(shared + workers * perWorker);
        expect(total).toBeLessThanOrEqual(budget);
      }
    }
  });

  it("refuses less than the least, and names it", () => {
    const least = leastMemory(full);
    expect(() => planMemory(least - 1, full)).toThrow(`the least is ${least / mib}MiB`);
    expect(() => planMemory(16 * mib, full)).toThrow("--memory 16MiB is too little");
    expect(leastMemory(keywords)).toBeLessThan(least);
    expect(leastMemory({ ...full, libraryBytes: 500 * mib })).toBe(least + 497 * mib);
  });
});
