// The official decoders. Reads a case a line and writes what they make of it.
import { createInterface } from "node:readline";
import { Decoder } from "socket.io-parser";
import { decodePayload } from "engine.io-parser";

const types = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];

// plain writes binary data as an object, since a Buffer has a JSON form of its own.
const plain = (v) => {
  if (Buffer.isBuffer(v)) return { $bytes: v.toString("base64") };
  if (Array.isArray(v)) return v.map(plain);
  if (v === null || typeof v !== "object") return v;
  return Object.fromEntries(Object.entries(v).map(([key, value]) => [key, plain(value)]));
};

function socketPackets(frames) {
  const packets = [];
  const decoder = new Decoder();
  decoder.on("decoded", (p) => packets.push({ type: p.type, namespace: p.nsp, id: p.id ?? null, data: plain(p.data) ?? null }));
  try {
    for (const f of frames) decoder.add(f.binary ? Buffer.from(f.text, "base64") : f.text);
    return { packets, refused: false };
  } catch {
    return { packets, refused: true };
  }
}

function enginePackets(payload) {
  const packets = [];
  for (const p of decodePayload(payload)) {
    if (p.type === "error") return { packets, refused: true };
    packets.push({ type: types.indexOf(p.type), data: plain(p.data) ?? "" });
  }
  return { packets, refused: false };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const input = JSON.parse(line);
  const result = input.frames ? socketPackets(input.frames) : enginePackets(input.payload);
  process.stdout.write(JSON.stringify(result) + "\n");
}
