// What is known of the topic's newest messages, from whoever told first: the server's events, or a lane
// that was faster than they are. Between a lane's last offset and the newest lies what is on its way.

const capacity = 4096;

/** The times of publication of the newest messages. */
export class Published {
  epoch = "";
  latest = 0; // highest offset known
  count = 0; // messages that became known
  #at = new Float64Array(capacity);

  /** Notes a message; at is NaN where nobody knows when it was published. */
  note(epoch, offset, at) {
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.latest = 0;
      this.#at.fill(NaN);
    }
    if (offset <= this.latest - capacity) return;
    if (offset > this.latest) {
      for (let o = Math.max(this.latest + 1, offset - capacity + 1); o < offset; o++) this.#at[o % capacity] = NaN;
      this.count += this.latest ? offset - this.latest : 1;
      this.latest = offset;
      this.#at[offset % capacity] = at;
    } else if (Number.isNaN(this.#at[offset % capacity])) {
      this.#at[offset % capacity] = at;
    }
  }

  /** Notes where the topic ended, before anything was told. */
  begin({ epoch, offset }) {
    this.note(epoch, offset, NaN);
    this.count = 0;
  }

  /** When a message was published, NaN when that is not known any more. */
  at(offset) {
    return offset > this.latest || offset <= this.latest - capacity ? NaN : this.#at[offset % capacity];
  }

  /** Where a lane begins that is to receive what comes from now on. */
  get tail() {
    return { epoch: this.epoch, offset: this.latest };
  }
}
