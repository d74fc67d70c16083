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
    other.#registers.forEach((rank, index) => {
      if (rank > (this.#registers[index] as number)) this.#registers[index] = rank;
    });
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

/**
 * The smallest hashes of record ids with their counts (k minimum values, Beyer et al. 2007). Two columns of numbers: a
 * corpus may have many sources.
 */
export class IdSketch {
  #hashes = new BigUint64Array(0);
  #counts = new Float64Array(0);

  /**
   * Reads a sketch from its text: base64 of hash (8 bytes) and count (4 bytes), little endian, by ascending hash.
   *
   * @throws RangeError when the text is not one
   */
  static parse(text: string): IdSketch {
    const bytes = Buffer.from(text, "base64");
    if (bytes.length % 12 !== 0) throw new RangeError(`a sketch of ids has 12 bytes an id; this has ${bytes.length}`);
    const sketch = new IdSketch();
    const size = bytes.length / 12;
    [sketch.#hashes, sketch.#counts] = [new BigUint64Array(size), new Float64Array(size)];
    for (let at = 0; at < size; at++) {
      sketch.#hashes[at] = bytes.readBigUInt64LE(at * 12);
      sketch.#counts[at] = bytes.readUInt32LE(at * 12 + 8);
      if (at > 0 && hashAt(sketch.#hashes, at) <= hashAt(sketch.#hashes, at - 1)) {
        throw new RangeError(`hash ${at} of a sketch of ids is not over the one before`);
      }
    }
    return sketch;
  }

  add(other: IdSketch): void {
    const [left, right] = [this.#hashes, other.#hashes];
    const hashes = new BigUint64Array(Math.min(idsKept, left.length + right.length));
    const counts = new Float64Array(hashes.length);
    let [size, atLeft, atRight] = [0, 0, 0];
    for (; size < hashes.length && (atLeft < left.length || atRight < right.length); size++) {
      const takeLeft =
        atRight >= right.length || (atLeft < left.length && hashAt(left, atLeft) <= hashAt(right, atRight));
      const takeRight =
        atLeft >= left.length || (atRight < right.length && hashAt(right, atRight) <= hashAt(left, atLeft));
      hashes[size] = takeLeft ? hashAt(left, atLeft) : hashAt(right, atRight);
      if (takeLeft) counts[size] = (this.#counts[atLeft++] as number) + (counts[size] as number);
      if (takeRight) counts[size] = (other.#counts[atRight++] as number) + (counts[size] as number);
    }
    // Hashes that both have take one place.
    [this.#hashes, this.#counts] =
      size === hashes.length ? [hashes, counts] : [hashes.slice(0, size), counts.slice(0, size)];
  }

  /** Records whose id repeats an earlier one. */
  repeated(): RepeatedIds {
    let extra = 0;
    for (const count of this.#counts) extra += count - 1;
    if (this.#hashes.length < idsKept) return { count: extra, exact: true };
    // Of all distinct ids, the share below the largest kept hash is known; the same share of repeats was seen.
    const seenShare = Number(hashAt(this.#hashes, idsKept - 1)) / 2 ** 64;
    return { count: Math.round(extra / seenShare), exact: false };
  }
}

function hashAt(hashes: BigUint64Array, at: number): bigint {
  return hashes[at] as bigint;
}
