// The official server, with the behaviour that the tests of the Go client expect. Each line of standard input is a command;
// each line of standard output is an answer. It ends with its standard input.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import * as msgpack from "socket.io-msgpack-parser";

const options = JSON.parse(process.argv[2] ?? "{}");
const port = Number(process.argv[3] ?? 0);
if (options.msgpack) options.parser = msgpack.default ?? msgpack;
const refuseUpgrades = options.refuseUpgrades;

const web = createServer();
const io = new Server(web, { serveClient: false, cookie: true, ...options });
if (refuseUpgrades) {
  web.removeAllListeners("upgrade");
  web.on("upgrade", (req, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"));
}
const say = (...words) => console.log(JSON.stringify(words));

io.on("connection", (socket) => {
  socket.join("room");
  socket.emit("hello", socket.handshake.auth);
  socket.on("echo", (...args) => {
    const ack = args.at(-1);
    if (typeof ack === "function") ack(...args.slice(0, -1));
    else socket.emit("echo", ...args);
  });
  socket.on("ask me", async (ack) => ack(await socket.emitWithAck("question", 20)));
  socket.on("silent", () => {});
  socket.on("times", (n) => { for (let i = 0; i < n; i++) socket.emit("count", i); });
  socket.on("handshake", (ack) => ack(socket.handshake.headers, socket.handshake.query, socket.conn.transport.name));
  socket.on("leave", (close) => socket.disconnect(close));
  socket.on("break", () => socket.conn.close());
  let fails = 2; // the first two deliveries of an event are not acknowledged
  socket.on("unreliable", (text, ack) => {
    say("unreliable", text);
    if (text === "b" && fails-- > 0) return;
    ack("got " + text);
  });
  socket.on("disconnect", (reason) => say("disconnect", reason));
});

io.of("/admin").use((socket, next) => {
  socket.emit("session", "before connect");
  if (socket.handshake.auth.token === "secret") return next();
  const error = new Error("not authorized");
  error.data = { code: 7 };
  next(error);
}).on("connection", (socket) => socket.on("where", (ack) => ack("admin")));
io.of("/plain").on("connection", (socket) => socket.on("where", (ack) => ack("plain")));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, ...args] = JSON.parse(line);
  if (command === "emit") io.to("room").emit(...args.map((a) => (a?.hex ? Buffer.from(a.hex, "hex") : a)));
  if (command === "engines") for (const socket of io.sockets.sockets.values()) socket.conn.close();
  if (command === "count") say("count", io.engine.clientsCount);
  if (command === "close") io.close();
}).on("close", () => process.exit(0));
web.listen(port, "127.0.0.1", () => say("listening", web.address().port));
