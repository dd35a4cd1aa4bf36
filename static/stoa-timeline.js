// The messages of one conversation as plain data: snapshots, pages and events are merged by id and seq, each as often as it likes to come. Made to be copied beside stoa-client.js, with stoa-threads.js.
import { isInMainLine, newerThread } from "./stoa-threads.js";

/**
 * @typedef {Object} Timeline
 * @property {Object[]} messages In the order of seq, each id once
 * @property {boolean} isLoaded Whether there was a snapshot yet
 * @property {boolean} hasOlder Whether there is history above
 * @property {boolean} hasNewer Whether this is a part of the history, with newer messages below that are not loaded
 * @property {Object<string, number>} changed The seq of the newest change known of a message, by its id
 */

export const PAGE = 50;

/** @type {Timeline} */
export const EMPTY = { messages: [], isLoaded: false, hasOlder: false, hasNewer: false, changed: {} };

/** Whether what comes says more than what is there. A tombstone is final; a later wording replaces an earlier one. */
function isNewer(coming, present, timeline, changeSeq) {
  if (!present) return true;
  if (present.deleted_at) return false;
  if (coming.deleted_at) return true;
  if (changeSeq !== null && timeline.changed[coming.id] !== undefined) return changeSeq > timeline.changed[coming.id];
  return (coming.edited_at ?? "") >= (present.edited_at ?? "");
}

/** A message of a join or a page: where it says nothing of reactions, of a pin and of a thread, there are none. Events of messages never say anything of them. */
const whole = (message) => ({ reactions: [], pinned: null, thread: null, ...message });

/** A tombstone has no reactions and no pin; its thread goes on. */
const bare = (message) => (message.deleted_at ? whole({ ...message, reactions: [], pinned: null }) : message);

/** Puts messages in their places. `changeSeq` is the seq of the change that they come with, where it is known. */
function merge(timeline, messages, changeSeq = null) {
  const byId = new Map(timeline.messages.map((message) => [message.id, message]));
  const changed = { ...timeline.changed };
  for (const coming of messages) {
    const present = byId.get(coming.id);
    const thread = newerThread(present?.thread, coming.thread);
    if (!isNewer(coming, present, timeline, changeSeq)) {
      byId.set(coming.id, { ...present, thread });
      continue;
    }
    byId.set(coming.id, bare({ ...present, ...coming, thread }));
    if (changeSeq !== null) changed[coming.id] = changeSeq;
  }
  const ordered = [...byId.values()].sort((one, other) => one.seq - other.seq);
  return { ...timeline, messages: ordered, changed };
}

/** Below a part of the history nothing is added that does not follow on it. */
const fitting = (timeline, messages) =>
  timeline.hasNewer ? messages.filter((message) => timeline.messages.some((known) => known.id === message.id)) : messages;

/** The answer to a join: all that changed, or a fresh start. Replies that their thread alone shows are left out. @returns {Timeline} */
export function withSnapshot(timeline, { messages: told, recovered }) {
  const messages = told.filter(isInMainLine);
  if (recovered) return timeline.isLoaded ? merge(timeline, fitting(timeline, messages.map(whole))) : timeline;
  return { ...merge(EMPTY, messages.map(whole)), isLoaded: true, hasOlder: told.length >= PAGE };
}

/** One of new_message, message_updated, message_deleted. A change of a message that is not loaded changes nothing. */
export function withEvent(timeline, { seq, message }) {
  if (!timeline.isLoaded) return timeline;
  const isKnown = timeline.messages.some((known) => known.id === message.id);
  return isKnown || message.seq === seq ? merge(timeline, fitting(timeline, [message]), seq) : timeline;
}

const changeOne = (timeline, id, change) => ({ ...timeline, messages: timeline.messages.map((one) => (one.id === id ? { ...one, ...change(one) } : one)) });

/** reaction_changed: what it says of an emoji takes the place of what was known. @returns {Timeline} */
export function withReaction(timeline, { message_id, emoji, count, users, user_id, added }, me) {
  return changeOne(timeline, message_id, ({ reactions = [] }) => {
    const known = reactions.find((one) => one.emoji === emoji);
    const mine = user_id === me ? added : Boolean(known?.mine);
    const now = { emoji, count, users, mine };
    if (!count) return { reactions: reactions.filter((one) => one !== known) };
    return { reactions: known ? reactions.map((one) => (one === known ? now : one)) : [...reactions, now] };
  });
}

/** pin_changed. @returns {Timeline} */
export const withPin = (timeline, { message_id, pinned, user_id, at, expires_at }) =>
  changeOne(timeline, message_id, () => ({ pinned: pinned ? { user_id, at, expires_at } : null }));

/** A page of history above. @returns {Timeline} */
export function withOlder(timeline, { items, next_cursor: cursor }) {
  return { ...merge(timeline, items.map(whole)), hasOlder: cursor !== null && cursor !== undefined && items.length > 0 };
}

/** A page around a message, or the newest one: it takes the place of everything that was loaded. @returns {Timeline} */
export function withPage(timeline, { items, next_cursor: older, newer_cursor: newer = null }) {
  const known = timeline.messages.filter((message) => items.some((one) => one.id === message.id));
  return { ...merge({ ...EMPTY, messages: known, changed: timeline.changed }, items.map(whole)), isLoaded: true, hasOlder: older !== null, hasNewer: newer !== null };
}

/** A page of history below. @returns {Timeline} */
export function withNewer(timeline, { items, next_cursor: cursor }) {
  return { ...merge(timeline, items.map(whole)), hasNewer: cursor !== null && items.length > 0 };
}

/** One's own message, known from the acknowledgement of its send before its event comes. @returns {Timeline} */
export function withSent(timeline, { id, seq, created_at, client_id, queued, message: now }, me) {
  const { conversation_id, body, reply_to = null, attachments = [], context = null, mentions, forwarded, thread_id, also_in_conversation } = queued;
  const message = { id, seq, created_at, client_id, conversation_id, body, reply_to, attachments, context, mentions, forwarded, thread_id, also_in_conversation };
  const isKnown = timeline.messages.some((known) => known.id === id);
  // `now` is there where the message had been sent before, and was edited or deleted since.
  return isKnown || !timeline.isLoaded || timeline.hasNewer ? timeline : merge(timeline, [now ?? { ...message, sender_id: me, kind: "user_input" }], seq);
}

/** Where the history below goes on from. */
export const newestSeq = (timeline) => timeline.messages[timeline.messages.length - 1]?.seq ?? null;
/** Where the history above goes on from. */
export const oldestSeq = (timeline) => timeline.messages[0]?.seq ?? null;
