// The official client in Node, of the package that the first argument names: a line of JSON in for each command, a line out for each answer.

import { createInterface } from "node:readline";
import "./clients.js";

const { io } = await import(process.argv[2]);
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
