// The official client as a listener: prints a line of JSON for each message that it hears, with the time.

import { io } from "socket.io-client";

const { url, token, conversation, transports } = JSON.parse(process.argv[2]);
const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const socket = io(url, { auth: { token }, transports, reconnectionDelay: 100, reconnectionDelayMax: 500 });
let connects = 0;
socket.on("connect", () => {
  connects += 1;
  if (connects > 1) return print({ recovered: socket.recovered === true, sid: socket.io.engine.id });
  socket.emit("join_conversation", conversation, ({ success }) => print({ joined: success, sid: socket.io.engine.id }));
});
socket.on("disconnect", (reason) => print({ lost: reason, at: Date.now() }));
socket.on("new_message", ({ conversation_id, message }) => {
  if (conversation_id === conversation) print({ body: message.message, at: Date.now() });
});
