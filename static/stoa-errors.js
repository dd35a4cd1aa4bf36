// What can go wrong for a client of Stoa, and how long to wait before the next try.

/** A refusal of the server, or the lack of an answer. `temporary` says that the same may succeed later. */
export class StoaError extends Error {
  constructor({ message, error_code, details, temporary }) {
    super(message);
    this.code = error_code;
    this.details = details ?? {};
    this.temporary = Boolean(temporary);
  }
}

export const LOST = 1006;
const RESTARTING = 1012;
const TOO_FAST = 4429;
const LONGEST_PAUSE_MS = 30_000;

export const lost = (message) => new StoaError({ message, error_code: "DISCONNECTED", temporary: true });

/** Nothing has ever answered there. A browser does not tell a page why. */
export const unreachable = (url) =>
  new StoaError({ message: `No connection to ${url} could be opened: is the address right, and does the server run?`, error_code: "UNREACHABLE", temporary: true });

/** The server closed with these words. */
export const closedWith = (code, reason) => new StoaError({ message: `The server closed the connection: ${reason}`, error_code: "CLOSED", details: { code, reason } });

/** The token is of somebody else than the queue. */
export const otherUser = (userId, tokens) =>
  new StoaError({ message: `userId is ${userId}, and the token is of ${tokens}: give the client the token's sub`, error_code: "IDENTITY_MISMATCH", details: { user_id: tokens } });

/** How long to wait before the next try, in milliseconds. Always random, so that a thousand clients do not come back at once. */
export function pauseBefore(code, attempt, random = Math.random()) {
  if (code === RESTARTING) return 1_000 + random * 4_000;
  const base = code === TOO_FAST ? 5_000 : 500;
  return Math.min(LONGEST_PAUSE_MS, base * 2 ** attempt) * (0.5 + random / 2);
}

/** How long a refusal asks to wait; 0 after a final one or a lost connection, where the reconnect is the pause. */
export function pauseAfter(error) {
  if (!error.temporary || error.code === "DISCONNECTED") return 0;
  return (error.details.retry_after_seconds ?? 2) * 1000;
}
