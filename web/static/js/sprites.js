// Dots and rings drawn once and stamped often: a hundred stamps cost less than ten curves.

const size = 28; // pixels of a stamp's side, before the screen's ratio
const rings = 6; // stages of the ring around a landing

/** The stamps of a lane's colours at a screen's pixel ratio. */
export class Sprites {
  constructor({ lane, bad }, ratio) {
    this.ratio = ratio;
    this.dot = this.#draw((c) => fill(c, lane, 3.5));
    this.replayed = this.#draw((c) => fill(c, lane, 4.3));
    this.repeated = this.#draw((c) => fill(c, bad, 4.3));
    this.flying = this.#draw((c) => ring(c, lane, 3, 1.6, 0.9));
    this.rings = Array.from({ length: rings }, (_, i) => this.#draw((c) => ring(c, lane, 3.5 + (9 * (i + 0.5)) / rings, 1.5, 0.8 * (1 - i / rings))));
  }

  #draw(paint) {
    const canvas = new OffscreenCanvas(Math.ceil(size * this.ratio), Math.ceil(size * this.ratio));
    const c = canvas.getContext("2d");
    c.scale(this.ratio, this.ratio);
    c.translate(size / 2, size / 2);
    paint(c);
    return canvas.transferToImageBitmap();
  }

  /** The ring's stage for a share of its time; a landing may be newer than the moment that is drawn again. */
  ring(share) {
    return this.rings[Math.max(0, Math.min(rings - 1, Math.floor(share * rings)))];
  }
}

/** Stamps a sprite with its middle at a place, on whole pixels of the screen. */
export function stamp(c, sprite, x, y, ratio) {
  c.drawImage(sprite, Math.round((x - size / 2) * ratio), Math.round((y - size / 2) * ratio));
}

function fill(c, color, radius) {
  c.fillStyle = color;
  c.beginPath();
  c.arc(0, 0, radius, 0, 2 * Math.PI);
  c.fill();
}

function ring(c, color, radius, width, alpha) {
  c.globalAlpha = alpha;
  c.strokeStyle = color;
  c.lineWidth = width;
  c.beginPath();
  c.arc(0, 0, radius, 0, 2 * Math.PI);
  c.stroke();
}
