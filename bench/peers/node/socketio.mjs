// socketio.mjs: the official Socket.IO server, everybody hears everything. A peer to compare with; see peers.go.
import { Server } from "socket.io";
import { serve } from "./serve.mjs";

const io = new Server({ serveClient: false });
serve((server) => io.attach(server), (message) => io.emit("m", message));
