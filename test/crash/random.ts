/** Numbers that follow from a seed, so that a run can be made again as far as what is sent goes. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1: the generator known as mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True this often in a hundred times. */
  percent(often: number): boolean {
    return this.below(100) < often;
  }

  /** One of these, or undefined when there are none. */
  pick<T>(from: Iterable<T>): T | undefined {
    const all = [...from];
    return all[this.below(all.length)];
  }
}
