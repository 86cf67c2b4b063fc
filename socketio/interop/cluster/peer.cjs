// A node with the official server and adapters, driven by the tests beside this file: one JSON command per line on standard
// input, one JSON answer per line on standard output. Binary data travels as {"$binary": base64}.
"use strict";
const http = require("http");
const readline = require("readline");
const { Server } = require("socket.io");
const redis = require("redis");
const { createAdapter, createShardedAdapter } = require("@socket.io/redis-adapter");
const streams = require("@socket.io/redis-streams-adapter");
const { Emitter } = require("@socket.io/redis-emitter");

const setup = JSON.parse(process.argv[2]);
setup.options = setup.options || {};

const unpack = (v) => {
  if (Array.isArray(v)) return v.map(unpack);
  if (v === null || typeof v !== "object") return v;
  if ("$binary" in v) return Buffer.from(v.$binary, "base64");
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, unpack(x)]));
};
const pack = (v) => {
  if (v instanceof Uint8Array) return { $binary: Buffer.from(v).toString("base64") };
  if (Array.isArray(v)) return v.map(pack);
  if (v === undefined) return null;
  if (v === null || typeof v !== "object") return v;
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, pack(x)]));
};

async function connected(client) {
  client.on("error", () => {}); // the commands fail by themselves
  await client.connect();
  return client;
}

function makeClient() {
  if (setup.cluster) {
    return redis.createCluster({ rootNodes: setup.redis.map((address) => ({ url: "redis://" + address })) });
  }
  return redis.createClient({ url: "redis://" + setup.redis[0] });
}

async function main() {
  const pub = await connected(makeClient());
  const options = {};
  switch (setup.adapter) {
    case "classic":
      options.adapter = createAdapter(pub, await connected(pub.duplicate()), setup.options);
      break;
    case "sharded":
      options.adapter = createShardedAdapter(pub, await connected(pub.duplicate()), setup.options);
      break;
    case "streams":
      options.adapter = streams.createAdapter(pub, setup.options);
      options.connectionStateRecovery = {};
      break;
  }
  const server = http.createServer();
  const io = new Server(server, options);
  const nsp = io.of(setup.namespace);
  const heard = [];
  for (const event of ["side", "side-question"]) {
    nsp.on(event, (...args) => {
      const answer = typeof args[args.length - 1] === "function" ? args.pop() : undefined;
      heard.push([event, ...args]);
      if (answer) answer({ from: setup.name, args });
    });
  }
  const select = (c, from) => {
    let s = from;
    if (c.rooms && c.rooms.length) s = s.to(c.rooms);
    if (c.except && c.except.length) s = s.except(c.except);
    return s;
  };
  const run = async (c) => {
    const args = unpack(c.args || []);
    switch (c.op) {
      case "emit": select(c, nsp).emit(c.event, ...args); return null;
      case "emitter-emit": select(c, new Emitter(pub).of(setup.namespace)).emit(c.event, ...args); return null;
      case "emitter-join": select(c, new Emitter(pub).of(setup.namespace)).socketsJoin(c.list); return null;
      case "emitter-leave": select(c, new Emitter(pub).of(setup.namespace)).socketsLeave(c.list); return null;
      case "emitter-disconnect": select(c, new Emitter(pub).of(setup.namespace)).disconnectSockets(c.close); return null;
      case "emitter-side": new Emitter(pub).of(setup.namespace).serverSideEmit(c.event, ...args); return null;
      case "ask": return select(c, nsp).timeout(c.timeout).emitWithAck(c.event, ...args);
      case "fetch": return (await select(c, nsp).fetchSockets()).map((s) => (
        { id: s.id, rooms: [...s.rooms].sort(), data: s.data, address: s.handshake.address, host: s.handshake.headers.host, EIO: s.handshake.query.EIO }));
      case "ask-remote": {
        const [s] = await select(c, nsp).fetchSockets();
        return s.timeout(c.timeout).emitWithAck(c.event, ...args);
      }
      case "join": select(c, nsp).socketsJoin(c.list); return null;
      case "leave": select(c, nsp).socketsLeave(c.list); return null;
      case "disconnect": select(c, nsp).disconnectSockets(c.close); return null;
      case "side": nsp.serverSideEmit(c.event, ...args); return null;
      case "side-ask": return nsp.serverSideEmitWithAck(c.event, ...args);
      case "count": return nsp.adapter.serverCount();
      case "heard": return heard;
      case "prepare": {
        const s = nsp.sockets.get(c.socket);
        s.data = unpack(c.data);
        await s.join(c.list);
        return null;
      }
      case "rooms": return [...(nsp.sockets.get(c.socket)?.rooms ?? [])].sort();
      case "recovered": return nsp.sockets.get(c.socket)?.recovered ?? false;
      case "sockets": return [...nsp.sockets.keys()];
    }
    throw new Error("unknown op " + c.op);
  };
  const answer = (a) => process.stdout.write(JSON.stringify(a) + "\n");
  readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const c = JSON.parse(line);
    try {
      answer({ id: c.id, result: pack(await run(c)) });
    } catch (e) {
      answer({ id: c.id, error: String(e && e.message || e), result: pack((e && e.responses) || null) });
    }
  }).on("close", () => process.exit(0));
  server.listen(0, "127.0.0.1", () => answer({ id: 0, result: "http://127.0.0.1:" + server.address().port }));
}

main();
