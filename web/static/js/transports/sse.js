// The codec of Server-Sent Events (HTML Living Standard, section 9.2) for streams that fetch reads:
// EventSource has its own, but neither says what arrived nor lets a request carry a header.

/** Reads a stream of bytes, however it was cut into pieces, and hands each event to onEvent. */
export class SSEParser {
  #onEvent;
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = ""; // of a line whose end has not come
  #searched = 0; // of #rest: holds no line end
  #skipLF = false; // the last line ended with CR: an LF that follows belongs to it
  #begun = false;
  #kind = "";
  #data = null;
  #nextID = "";
  #most;
  #size = 0;
  lastID = ""; // of the last event that ended
  retry = null; // milliseconds that the stream asked for

  constructor(onEvent, most = 64 << 20) {
    this.#onEvent = onEvent;
    this.#most = most;
  }

  /** The last event ID as a request carries it: a header's value has no white space at its ends. */
  get lastEventID() {
    return this.lastID.replace(/^[ \t]+|[ \t]+$/g, "");
  }

  /** Takes the next piece. */
  push(bytes) {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  #take(text) {
    if (text === "") return;
    if (!this.#begun) {
      this.#begun = true;
      if (text[0] === "\ufeff") text = text.slice(1);
    }
    if (this.#skipLF && text !== "") {
      this.#skipLF = false;
      if (text[0] === "\n") text = text.slice(1);
    }
    this.#rest += text;
    let from = 0;
    const end = /[\r\n]/g;
    end.lastIndex = this.#searched;
    for (let m; (m = end.exec(this.#rest)); ) {
      const line = this.#rest.slice(from, m.index);
      from = m.index + 1;
      if (m[0] === "\r") {
        if (from === this.#rest.length) this.#skipLF = true;
        else if (this.#rest[from] === "\n") from++;
      }
      end.lastIndex = from;
      this.#line(line);
    }
    this.#rest = this.#rest.slice(from);
    this.#searched = this.#rest.length;
    if (this.#rest.length > this.#most) throw new RangeError("an event is longer than this client takes");
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value[0] === " ") value = value.slice(1);
    switch (name) {
      case "data":
        this.#data = this.#data === null ? [value] : (this.#data.push(value), this.#data);
        if ((this.#size += value.length + 1) > this.#most) throw new RangeError("an event is longer than this client takes");
        break;
      case "event":
        this.#kind = value;
        break;
      case "id":
        if (!value.includes("\0")) this.#nextID = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.retry = Number(value);
    }
  }

  #dispatch() {
    this.lastID = this.#nextID;
    const kind = this.#kind || "message";
    const data = this.#data;
    this.#kind = "";
    this.#data = null;
    this.#size = 0;
    if (data !== null) this.#onEvent({ type: kind, data: data.join("\n"), id: this.lastID });
  }
}
