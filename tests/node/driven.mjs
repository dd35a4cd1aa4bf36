// The official client in Node: a line of JSON in for each command, a line out for each answer.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import "./clients.js";

const run = globalThis.clients(io);
for await (const line of createInterface({ input: process.stdin })) {
  const { command, details } = JSON.parse(line);
  try {
    process.stdout.write(JSON.stringify({ answer: await run(command, details) }) + "\n");
  } catch (error) {
    process.stdout.write(JSON.stringify({ failed: String(error) }) + "\n");
  }
}
process.exit(0);
