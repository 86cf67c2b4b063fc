// The official server, with what the benchmarks ask of it. It ends with its standard input.
import { createServer } from "node:http";
import { Server } from "socket.io";

const web = createServer();
const io = new Server(web, { serveClient: false });
io.on("connection", (socket) => {
  socket.join("r");
  socket.on("echo", (text, ack) => ack(text));
  socket.on("collect", (_, ack) => { gc(); ack(true); });
  socket.on("publish", (text) => io.to("r").emit("news", text));
});
web.listen(0, "127.0.0.1", () => console.log(web.address().port));
process.stdin.resume().on("end", () => process.exit(0));
