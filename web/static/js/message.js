// What a message's data says. Everything in it is a stranger's: it is shown as text or not at all.

/** {at, n, text} of a message; at is NaN when it does not say when it was published. */
export function readMessage({ data, binary }) {
  if (binary) {
    const at = data.byteLength >= 8 ? new DataView(data.buffer, data.byteOffset).getFloat64(0) : NaN;
    return { at: plausible(at), text: `${data.byteLength} bytes` };
  }
  try {
    const d = JSON.parse(data);
    if (d && typeof d === "object") {
      const text = typeof d.text === "string" ? d.text : undefined;
      return { at: plausible(d.at), n: d.n, text: text ?? (typeof d.at === "number" ? "" : data), from: typeof d.from === "string" ? d.from : "" };
    }
  } catch {
    // Text of its own.
  }
  return { at: NaN, text: data };
}

// A time that is not within a week says nothing about a delay.
function plausible(at) {
  return typeof at === "number" && Math.abs(at - Date.now()) < 7 * 86_400_000 ? at : NaN;
}
