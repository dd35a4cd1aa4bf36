// The list of conversations as plain data: what an answer, an event or a receipt makes of it.
import { isInMainLine } from "../stoa-threads.js";
import { newerFlow } from "./deals.js";
import { participantOf } from "./names.js";

/** The newer of two last messages; an answer may lack it or carry an older one that was edited. What somebody says whom I have blocked is none. */
function newerMessage(present, coming) {
  if (coming?.from_blocked) return present ?? null;
  if (!present || !coming) return coming ?? present ?? null;
  return coming.seq >= present.seq ? coming : present;
}

/** Watermarks never go back, not even in an answer that was overtaken. */
function newerParticipants(present, coming) {
  return coming.map((person) => {
    const known = present?.find((one) => one.user_id === person.user_id);
    const highest = (field) => Math.max(person[field], known?.[field] ?? 0);
    return { ...person, read_seq: highest("read_seq"), delivered_seq: highest("delivered_seq") };
  });
}

/** Adds a conversation or what is newly known of it. Events leave out what differs from reader to reader. */
export function withConversation(conversations, coming, me) {
  const present = conversations[coming.id];
  const merged = { ...present, ...coming, last_message: newerMessage(present?.last_message, coming.last_message) };
  merged.flow = newerFlow(present?.flow, coming.flow);
  merged.participants = newerParticipants(present?.participants, coming.participants);
  const own = participantOf(merged, me);
  const isStale = present?.last_message?.seq > coming.last_message?.seq;
  merged.unread = (isStale ? present.unread : coming.unread) ?? present?.unread ?? 0;
  // An answer that knows how far was read counts what is unread in threads too.
  const isCounted = participantOf(coming, me)?.read_seq >= merged.last_message?.seq;
  if (merged.last_message && own?.read_seq >= merged.last_message.seq && !isCounted) merged.unread = 0;
  merged.my_role = own?.role ?? null;
  return { ...conversations, [coming.id]: merged };
}

export function without(conversations, id) {
  const { [id]: _gone, ...rest } = conversations;
  return rest;
}

/** Applies `change` to one conversation, where it is known. */
export const changed = (conversations, id, change) =>
  conversations[id] ? { ...conversations, [id]: { ...conversations[id], ...change(conversations[id]) } } : conversations;

/** A message that was said: the preview, and one more unread where it is somebody else's and not counted yet. */
export function withMessage(conversations, message, me) {
  return changed(conversations, message.conversation_id, (conversation) => {
    if (message.from_blocked) return { last_seq: Math.max(conversation.last_seq, message.seq) };
    const known = conversation.last_message;
    if (known && message.seq <= known.seq) return {};
    const counts = message.sender_id !== me && isInMainLine(message);
    return { last_message: message, unread: conversation.unread + (counts ? 1 : 0), last_seq: Math.max(conversation.last_seq, message.seq) };
  });
}

/** A message that was edited or deleted: only the preview may change. */
export const withChangedMessage = (conversations, message) =>
  changed(conversations, message.conversation_id, (conversation) =>
    conversation.last_message?.id === message.id ? { last_message: { ...conversation.last_message, ...message } } : {},
  );

/** A watermark of somebody that moved; `field` is read_seq or delivered_seq. It never goes back. */
export const withWatermark = (conversations, id, userId, field, seq) =>
  changed(conversations, id, (conversation) => ({
    participants: conversation.participants.map((person) =>
      person.user_id === userId && person[field] < seq ? { ...person, [field]: seq } : person,
    ),
  }));

/** Somebody's presence, everywhere they take part. */
export function withPresence(conversations, userId, status) {
  const entries = Object.entries(conversations).map(([id, conversation]) => {
    if (!conversation.participants.some((person) => person.user_id === userId && person.status !== status)) return [id, conversation];
    const participants = conversation.participants.map((person) => (person.user_id === userId ? { ...person, status } : person));
    return [id, { ...conversation, participants }];
  });
  return Object.fromEntries(entries);
}

const activityOf = (conversation) => conversation.last_message?.created_at ?? conversation.created_at;

/** Newest activity first. */
export const inOrder = (conversations) =>
  Object.values(conversations).sort((one, other) => activityOf(other).localeCompare(activityOf(one)));

export const lastActivityOf = activityOf;

/** How far a message has come: sent, delivered to all others, or seen by all of them. */
export function progressOf(message, conversation, me) {
  const wasThere = (person) => conversation.kind === "direct" || person.joined_at <= message.created_at;
  const others = (conversation?.participants ?? []).filter((person) => person.user_id !== me && !person.blocked && wasThere(person));
  if (!others.length) return "sent";
  if (others.every((person) => person.read_seq >= message.seq)) return "seen";
  return others.every((person) => Math.max(person.read_seq, person.delivered_seq) >= message.seq) ? "delivered" : "sent";
}
