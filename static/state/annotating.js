// Reactions and pins: what the server says of them, and what a person does.
import { EMPTY, withPin, withReaction } from "../stoa-timeline.js";
import { participantOf } from "./names.js";
import { tell } from "./notices.js";
import { changeOpen } from "./threads.js";

/** What is offered first. */
export const OFFERED = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

const MANAGERS = ["owner", "admin"];

function keep({ store }, id, change) {
  store.set((state) => ({
    timelines: { ...state.timelines, [id]: change(state.timelines[id] ?? EMPTY) },
    ...changeOpen(state, state.thread?.rootId, change),
  }));
}

export const whenReacted = (session, event) => keep(session, event.conversation_id, (timeline) => withReaction(timeline, event, session.me));

export function whenPinned(session, event) {
  keep(session, event.conversation_id, (timeline) => withPin(timeline, event));
  if (session.opened.has(event.conversation_id)) loadPins(session, event.conversation_id);
}

/** The pinned messages of a conversation. One that cannot be read now is read with the next change. */
export async function loadPins({ store, api }, id) {
  const { items } = await api("GET", `/conversations/${id}/pins`).catch(() => ({ items: null }));
  if (items) store.set((state) => ({ pins: { ...state.pins, [id]: items } }));
}

const placeOf = (message) => ({ conversation_id: message.conversation_id, message_id: message.id });

async function ask(session, event, data, take) {
  try {
    take(session, await session.client.request(event, data));
  } catch (error) {
    tell(session, error.message);
  }
}

/** Reacts, or takes the reaction back. */
export function toggleReaction(session, message, emoji) {
  const isMine = message.reactions?.some((one) => one.emoji === emoji && one.mine);
  return ask(session, isMine ? "unreact" : "react", { ...placeOf(message), emoji }, whenReacted);
}

export const togglePin = (session, message) => ask(session, message.pinned ? "unpin_message" : "pin_message", placeOf(message), whenPinned);

/** Who manages a conversation pins, and both of two. */
export const mayPin = (conversation, me) => conversation.participants.length <= 2 || MANAGERS.includes(participantOf(conversation, me)?.role);
