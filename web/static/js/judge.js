// The judge of what was delivered. It looks at offsets alone, behind the transport's client, so that
// what it counts is what the page really got.

const mostHoles = 4096; // that are remembered, to tell a late message from a repeated one

/** Counts of one lane. A message is lost as long as a later one came and no gap was reported for it. */
export class Judge {
  delivered = 0;
  lost = 0;
  repeated = 0;
  reordered = 0;
  gaps = 0;
  missing = 0; // messages that gaps told of
  first = 0; // offset of the first message delivered
  #hash = 0x811c9dc5;
  #epoch = "";
  #last = 0; // highest offset seen
  #holes = new Set();

  /** Sets where the lane begins: nothing up to there is expected. */
  begin(cursor) {
    this.#epoch = cursor.epoch;
    this.#last = cursor.offset;
    this.#holes.clear();
  }

  /** Takes a message's position; says whether it was news. */
  take({ epoch, offset, id }) {
    if (epoch !== this.#epoch) {
      if (this.#epoch) this.lost++; // the log began again and no gap said so
      this.begin({ epoch, offset: offset - 1 });
    }
    if (offset <= this.#last) {
      if (!this.#holes.delete(offset)) {
        this.repeated++;
        return false;
      }
      this.lost--;
      this.reordered++;
      return this.#deliver(offset, id);
    }
    this.lost += offset - this.#last - 1;
    for (let hole = this.#last + 1; hole < offset && this.#holes.size < mostHoles; hole++) this.#holes.add(hole);
    this.#last = offset;
    return this.#deliver(offset, id);
  }

  #deliver(offset, id) {
    if (this.delivered++ === 0) this.first = offset;
    const line = `${offset} ${id}\n`;
    for (let i = 0; i < line.length; i++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    return true;
  }

  /** FNV-1a over "offset id\n" of every message delivered, in the order of delivery: 8 hexadecimal digits. */
  get digest() {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** Takes a gap that was reported: what it names is not lost in silence. */
  gap(error) {
    this.gaps++;
    this.missing += error.missing;
    this.begin(error.resume);
  }

  get clean() {
    return this.lost === 0 && this.repeated === 0 && this.reordered === 0;
  }
}
