// Numbers as people read them. A dash stands for what is not known.

export const dash = "–";

/** A duration in milliseconds: 0.42 ms, 3.1 ms, 128 ms, 1.4 s. */
export function ms(value) {
  if (!Number.isFinite(value)) return dash;
  const v = Math.max(0, value);
  if (v < 0.01) return "< 0.01 ms";
  if (v < 1) return `${v.toFixed(2)} ms`;
  if (v < 10) return `${v.toFixed(1)} ms`;
  if (v < 1000) return `${v.toFixed(0)} ms`;
  return `${(v / 1000).toFixed(v < 10_000 ? 1 : 0)} s`;
}

/** Bytes: 312 B, 4.2 kB, 1.3 MB. */
export function bytes(value) {
  if (!Number.isFinite(value)) return dash;
  if (value < 1000) return `${value < 10 && value % 1 ? value.toFixed(1) : Math.round(value)} B`;
  if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e4 ? 1 : 0)} kB`;
  return `${(value / 1e6).toFixed(1)} MB`;
}

/** A count: 1 234. */
export function count(value) {
  if (!Number.isFinite(value)) return dash;
  return Math.round(value).toLocaleString("en").replaceAll(",", "\u2009");
}

/** A rate a second: 0.4, 12, 480. */
export function rate(value) {
  if (!Number.isFinite(value)) return dash;
  return value < 10 ? String(Number(value.toFixed(1))) : count(value);
}

export const percent = (value) => (Number.isFinite(value) ? `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %` : dash);

/** The time of day of a Date.now(). */
export const clockTime = (at) => new Date(at).toLocaleTimeString("en-GB", { hour12: false });
