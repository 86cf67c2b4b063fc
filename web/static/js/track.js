// The picture of one lane: messages that are under way, and those that have landed. It holds the last
// few hundred landings in arrays of a fixed size and draws into a canvas that somebody else paces.

import { longest, place, ticks } from "./scale.js";
import { Sprites, stamp } from "./sprites.js";

const capacity = 512; // landings that are remembered
const fade = 1800; // milliseconds for which a landing is seen
const burst = 260; // milliseconds of the ring around a landing
const mostFlying = 400; // messages under way that are drawn
const inset = 10; // pixels left and right

// Where in the lane's height a message flies: spread evenly, and the same from flight to landing.
const row = (offset) => (offset * 0.61803398875) % 1;

export class Track {
  #canvas;
  #context;
  #width = 0;
  #height = 0;
  #dpr = 1;
  #at = new Float64Array(capacity);
  #latency = new Float32Array(capacity);
  #offset = new Float64Array(capacity);
  #kind = new Uint8Array(capacity); // 0 in order, 1 replayed, 2 repeated
  #landed = 0;
  #idle = false;
  #blank = true; // a canvas that was resized is black until it is drawn, in sight or not
  #drawn = null; // what the last picture was drawn from
  #colors = null;
  #sprites = null;
  labels = false; // whether the lane writes its own axis
  visible = true;
  p50 = NaN;
  p99 = NaN;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false }); // nothing to blend: half the painting
  }

  /** Notes an arrival. */
  land(offset, at, latency, kind) {
    const i = this.#landed++ % capacity;
    this.#at[i] = at;
    this.#latency[i] = latency;
    this.#offset[i] = offset;
    this.#kind[i] = kind;
    this.#idle = false;
  }

  /** Sets the colours: {lane, ground, surface, line, text, soft, bad}. */
  set colors(colors) {
    this.#colors = colors;
    this.#sprites = new Sprites(colors, this.#dpr);
    this.#idle = false;
  }

  resize(width, height, dpr) {
    this.#width = width;
    this.#height = height;
    if (this.#dpr !== dpr && this.#colors) this.#sprites = new Sprites(this.#colors, dpr);
    this.#dpr = dpr;
    this.#canvas.width = Math.round(width * dpr);
    this.#canvas.height = Math.round(height * dpr);
    this.#blank = true;
    if (this.#drawn) this.draw(...this.#drawn);
  }

  /** Has the next draw happen though nothing moves: colours or quantiles changed. */
  touch() {
    this.#idle = false;
  }

  #x(age) {
    return inset + place(age) * (this.#width - 2 * inset);
  }

  #y(offset) {
    const foot = this.labels ? 18 : 0;
    return 12 + row(offset) * (this.#height - 24 - foot);
  }

  /** Draws the lane at a time; last is the lane's newest offset. Without motion nothing is under way. */
  draw(now, published, last, motion) {
    const flying = motion && last > 0 && last < published.latest;
    if (!this.#colors || (!this.#blank && (!this.visible || (this.#idle && !flying)))) return;
    this.#blank = false;
    this.#drawn = [now, published, last, motion];
    const c = this.#context;
    c.setTransform(this.#dpr, 0, 0, this.#dpr, 0, 0);
    c.fillStyle = this.#colors.ground;
    c.fillRect(0, 0, this.#width + 1, this.#height + 1); // a size need not be whole
    this.#grid(c);
    const fresh = this.#landings(c, now, motion);
    if (flying) this.#flights(c, now, published, last);
    this.#quantiles(c);
    this.#idle = !fresh;
  }

  #grid(c) {
    c.lineWidth = 1;
    c.strokeStyle = this.#colors.line;
    c.beginPath();
    for (const [age] of ticks) {
      const x = Math.round(this.#x(age)) + 0.5;
      c.moveTo(x, 0);
      c.lineTo(x, this.#height - (this.labels ? 16 : 0));
    }
    c.stroke();
    if (!this.labels) return;
    c.fillStyle = this.#colors.soft;
    c.font = "10px ui-monospace, monospace";
    c.textAlign = "center";
    for (const [age, text] of ticks) {
      if ([0, 10, 250, longest].includes(age)) continue; // no room
      c.fillText(text, this.#x(age), this.#height - 4);
    }
  }

  /** Draws what has landed; true when some of it still fades. */
  #landings(c, now, motion) {
    const n = Math.min(this.#landed, capacity);
    const { dot, replayed, repeated } = this.#sprites;
    const kinds = [dot, replayed, repeated];
    let fresh = false;
    c.setTransform(1, 0, 0, 1, 0, 0);
    for (let k = n; k > 0; k--) {
      const i = (this.#landed - k) % capacity;
      const since = now - this.#at[i];
      if (since > fade) continue;
      fresh = true;
      const x = this.#x(this.#latency[i]);
      const y = this.#y(this.#offset[i]);
      c.globalAlpha = motion ? 1 - (since / fade) ** 2 : 0.7;
      stamp(c, kinds[this.#kind[i]], x, y, this.#dpr);
      if (motion && since < burst) {
        c.globalAlpha = 1;
        stamp(c, this.#sprites.ring(since / burst), x, y, this.#dpr);
      }
    }
    c.globalAlpha = 1;
    c.setTransform(this.#dpr, 0, 0, this.#dpr, 0, 0);
    return fresh;
  }

  #flights(c, now, published, last) {
    const first = Math.max(last + 1, published.latest - mostFlying + 1);
    let waiting = first - last - 1; // too many to be drawn
    c.setTransform(1, 0, 0, 1, 0, 0);
    for (let offset = first; offset <= published.latest; offset++) {
      const age = now - published.at(offset);
      if (Number.isNaN(age)) continue;
      if (age > longest) waiting++;
      stamp(c, this.#sprites.flying, this.#x(age), this.#y(offset), this.#dpr);
    }
    c.setTransform(this.#dpr, 0, 0, this.#dpr, 0, 0);
    if (waiting > 0) this.#badge(c, `${waiting} waiting`);
  }

  #badge(c, text) {
    c.font = "600 11px ui-monospace, monospace";
    const width = c.measureText(text).width + 14;
    const x = this.#width - inset - width - 8;
    const y = (this.#height - (this.labels ? 18 : 0)) / 2;
    c.fillStyle = this.#colors.lane;
    c.beginPath();
    c.roundRect(x, y - 10, width, 20, 10);
    c.fill();
    c.fillStyle = this.#colors.surface;
    c.textAlign = "left";
    c.fillText(text, x + 7, y + 4);
  }

  #quantiles(c) {
    for (const [value, dash] of [[this.p50, []], [this.p99, [3, 3]]]) {
      if (!Number.isFinite(value)) continue;
      const x = Math.round(this.#x(value)) + 0.5;
      c.strokeStyle = this.#colors.text;
      c.globalAlpha = 0.55;
      c.lineWidth = 1;
      c.setLineDash(dash);
      c.beginPath();
      c.moveTo(x, 2);
      c.lineTo(x, this.#height - (this.labels ? 18 : 2));
      c.stroke();
    }
    c.setLineDash([]);
    c.globalAlpha = 1;
  }
}
