// From messages to what is drawn: days, the line "new since you left", and which messages stand together.
import { progressOf } from "./conversations.js";
import { dayKeyOf } from "./times.js";

const GROUP_MS = 5 * 60_000;

/** Waiting and failed messages look like the others and stand below them. */
function withQueued(messages, queued, conversationId, me) {
  const stored = new Set(messages.map((message) => message.client_id).filter(Boolean));
  const waiting = queued.filter((entry) => entry.conversation_id === conversationId && !stored.has(entry.client_id));
  const drawn = waiting.map((entry) => ({ ...entry, id: entry.client_id, seq: null, sender_id: me, kind: "user_input", queuedState: entry.state }));
  return [...messages, ...drawn];
}

const isSpoken = (message) => message.kind === "user_input" && !message.action;

/** Said by the same person within five minutes, on the same day. */
function standsWith(message, before) {
  if (!before || !isSpoken(before) || !isSpoken(message) || before.sender_id !== message.sender_id) return false;
  const apart = Date.parse(message.created_at) - Date.parse(before.created_at);
  return apart < GROUP_MS && dayKeyOf(message.created_at) === dayKeyOf(before.created_at);
}

/** Two people keep reading what they said to each other, whoever has blocked whom; in a group it is folded away. */
function typeOf(message, conversation) {
  if (message.action) return "card";
  if (!isSpoken(message)) return "line";
  return message.from_blocked && conversation.kind !== "direct" && !message.deleted_at ? "folded" : "message";
}

function stateOf(message, conversation, me) {
  if (message.sender_id !== me) return "received";
  if (message.queuedState) return message.queuedState === "failed" ? "failed" : "pending";
  return progressOf(message, conversation, me);
}

/** The first message of somebody else beyond what was read when I left. */
const firstNew = (messages, leftAt, me) => (leftAt === null ? null : messages.find((message) => message.seq > leftAt && message.sender_id !== me));

/** @returns {{type: "day"|"new"|"line"|"card"|"folded"|"message", key: string}[]} */
export function rowsOf({ messages, queued, conversation, leftAt, me }) {
  const all = withQueued(messages, queued, conversation.id, me);
  const newOne = firstNew(messages, leftAt, me);
  const rows = [];
  let before = null;
  for (const message of all) {
    if (!before || dayKeyOf(before.created_at) !== dayKeyOf(message.created_at)) {
      rows.push({ type: "day", key: `day-${message.id}`, at: message.created_at });
    }
    if (message === newOne) rows.push({ type: "new", key: "new" });
    const isJoined = standsWith(message, before) && message !== newOne;
    if (isJoined) rows[rows.length - 1].endsGroup = false;
    const key = message.client_id ?? message.id;
    rows.push({ type: typeOf(message, conversation), key, message, state: stateOf(message, conversation, me), startsGroup: !isJoined, endsGroup: true });
    before = message;
  }
  return rows;
}
