// The official server, with what the benchmarks ask of it, as a node of a cluster if REDIS says so. It ends with its standard
// input.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const web = createServer();
const options = { serveClient: false };
if (process.env.REDIS) {
  const publisher = await createClient({ url: "redis://" + process.env.REDIS }).connect();
  options.adapter = createAdapter(publisher, await publisher.duplicate().connect());
}
const io = new Server(web, options);
io.on("connection", (socket) => {
  socket.join("r");
  socket.on("echo", (text, ack) => ack(text));
  socket.on("collect", (_, ack) => { gc(); ack(true); });
  socket.on("publish", (text) => io.to("r").emit("news", text));
});
web.listen(0, "127.0.0.1", () => console.log(web.address().port));
process.stdin.resume().on("end", () => process.exit(0));
