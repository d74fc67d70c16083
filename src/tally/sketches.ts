/** Sketches of distinct texts and of record ids: bounded memory, merged by union. Made in Rust, added up here. */

const registerCount = 4096;

/**
 * Estimate of the number of distinct texts (HyperLogLog, Flajolet et al. 2007, with linear counting for small
 * counts). Standard error 1.6 %.
 */
export class DistinctSketch {
  readonly #registers = new Uint8Array(registerCount);

  /**
   * Reads a sketch from its text: `d:` and all registers, or `s:` and (index, rank) in three bytes, base64.
   *
   * @throws RangeError when the text is not one
   */
  static parse(text: string): DistinctSketch {
    const sketch = new DistinctSketch();
    const bytes = Buffer.from(text.slice(2), "base64");
    if (text.startsWith("d:") && bytes.length === registerCount) {
      sketch.#registers.set(bytes);
    } else if (text.startsWith("s:") && bytes.length % 3 === 0) {
      for (let at = 0; at < bytes.length; at += 3) {
        const index = bytes.readUInt16LE(at);
        if (index >= registerCount) throw new RangeError(`register ${index}; there are ${registerCount}`);
        sketch.#registers[index] = bytes.readUInt8(at + 2);
      }
    } else {
      throw new RangeError(`not a sketch of distinct records: ${text.slice(0, 20)}`);
    }
    return sketch;
  }

  add(other: DistinctSketch): void {
    const [own, others] = [this.#registers, other.#registers];
    // A loop: a corpus of small files adds ten thousands of sketches.
    for (let index = 0; index < registerCount; index++) {
      const rank = others[index] as number;
      if (rank > (own[index] as number)) own[index] = rank;
    }
  }

  /** The estimate, a whole number. */
  estimate(): number {
    let inverse = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      inverse += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const alpha = 0.7213 / (1 + 1.079 / registerCount);
    const raw = (alpha * registerCount * registerCount) / inverse;
    if (raw <= 2.5 * registerCount && empty > 0) return Math.round(registerCount * Math.log(registerCount / empty));
    return Math.round(raw);
  }
}

const idsKept = 4096;

/** How many records have an id that an earlier record has; exact up to 4,096 distinct ids, else an estimate. */
export interface RepeatedIds {
  readonly count: number;
  readonly exact: boolean;
}

/** The smallest hashes of record ids with their counts (k minimum values, Beyer et al. 2007). */
export class IdSketch {
  #counts = new Map<bigint, number>();

  /**
   * Reads a sketch from its text: base64 of hash (8 bytes) and count (4 bytes), little endian.
   *
   * @throws RangeError when the text is not one
   */
  static parse(text: string): IdSketch {
    const bytes = Buffer.from(text, "base64");
    if (bytes.length % 12 !== 0) throw new RangeError(`a sketch of ids has 12 bytes an id; this has ${bytes.length}`);
    const sketch = new IdSketch();
    for (let at = 0; at < bytes.length; at += 12) {
      sketch.#counts.set(bytes.readBigUInt64LE(at), bytes.readUInt32LE(at + 8));
    }
    return sketch;
  }

  add(other: IdSketch): void {
    for (const [hash, count] of other.#counts) this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + count);
    // Sorting is put off until it pays: many small sketches are added one after the other.
    if (this.#counts.size > 2 * idsKept) this.#shrink();
  }

  #shrink(): void {
    if (this.#counts.size <= idsKept) return;
    const smallest = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, idsKept);
    this.#counts = new Map(smallest);
  }

  /** Records whose id repeats an earlier one. */
  repeated(): RepeatedIds {
    this.#shrink();
    let extra = 0;
    let largest = 0n;
    for (const [hash, count] of this.#counts) {
      extra += count - 1;
      if (hash > largest) largest = hash;
    }
    if (this.#counts.size < idsKept) return { count: extra, exact: true };
    // Of all distinct ids, the share below the largest kept hash is known; the same share of repeats was seen.
    const seenShare = Number(largest) / 2 ** 64;
    return { count: Math.round(extra / seenShare), exact: false };
  }
}
