// Memory of a fixed size: the page runs for hours and holds no more than at its first minute.

/** The last n values that were pushed. */
export class Ring {
  #items;
  #pushed = 0;

  constructor(capacity) {
    this.#items = new Array(capacity);
  }

  push(item) {
    this.#items[this.#pushed++ % this.#items.length] = item;
  }

  get length() {
    return Math.min(this.#pushed, this.#items.length);
  }

  /** How many were ever pushed. */
  get pushed() {
    return this.#pushed;
  }

  /** The i-th of those held, 0 the oldest; negative counts from the newest, -1. */
  at(i) {
    const n = this.length;
    if (i < 0) i += n;
    if (i < 0 || i >= n) return undefined;
    return this.#items[(this.#pushed - n + i) % this.#items.length];
  }

  *[Symbol.iterator]() {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  clear() {
    this.#items.fill(undefined);
    this.#pushed = 0;
  }
}

/** The last n samples of numbers, each with its time. */
export class Samples {
  #times;
  #values;
  #pushed = 0;

  constructor(capacity) {
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  push(time, value) {
    const i = this.#pushed++ % this.#times.length;
    this.#times[i] = time;
    this.#values[i] = value;
  }

  /** The values since a time, sorted. */
  since(time) {
    const n = Math.min(this.#pushed, this.#times.length);
    const out = new Float64Array(n);
    let count = 0;
    for (let k = 1; k <= n; k++) {
      const i = (this.#pushed - k) % this.#times.length;
      if (this.#times[i] < time) break;
      out[count++] = this.#values[i];
    }
    return out.subarray(0, count).sort();
  }

  clear() {
    this.#pushed = 0;
  }
}

/** The quantile q of sorted values (nearest rank), NaN when there are none. */
export function quantile(sorted, q) {
  if (sorted.length === 0) return NaN;
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
