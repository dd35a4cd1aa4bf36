// What a person can do, beyond sending: start a conversation, edit, delete, manage a group. Each throws what the server refused.
import { withEvent, EMPTY } from "../stoa-timeline.js";
import { withChangedMessage, withConversation } from "./conversations.js";
import { goTo } from "./address.js";
import { loseConversation } from "./list-loading.js";

/** Creates or finds a conversation and goes there. */
export async function startConversation(session, { userIds, title }) {
  const participants = userIds.map((user_id) => ({ user_id }));
  const isGroup = userIds.length > 1;
  const request = isGroup ? { kind: "group", participants, title: title || undefined } : { kind: "direct", participants };
  const conversation = await session.api("POST", "/conversations", request);
  keep(session, conversation);
  goTo(conversation.id);
}

const keep = ({ store, me }, conversation) =>
  store.set((state) => ({ conversations: withConversation(state.conversations, conversation, me) }));

/** The event that follows says the same; a message without a newer seq is simply put in its place. */
function keepMessage({ store }, message) {
  const id = message.conversation_id;
  store.set((state) => ({
    timelines: { ...state.timelines, [id]: withEvent(state.timelines[id] ?? EMPTY, { seq: null, message }) },
    conversations: withChangedMessage(state.conversations, message),
  }));
}

export async function editMessage(session, message, body) {
  const place = { conversation_id: message.conversation_id, message_id: message.id };
  keepMessage(session, await session.client.request("edit_message", { ...place, body }));
}

export async function deleteMessage(session, message) {
  const place = { conversation_id: message.conversation_id, message_id: message.id };
  keepMessage(session, await session.client.request("delete_message", place));
}

export const earlierWordings = async ({ api }, messageId) => (await api("GET", `/messages/${messageId}/history`)).items;

export const changeConversation = async (session, id, fields) => keep(session, await session.api("PATCH", `/conversations/${id}`, fields));

export const addParticipant = (session, id, userId) => session.api("POST", `/conversations/${id}/participants`, { user_id: userId });

const personPath = (id, userId) => `/conversations/${id}/participants/${encodeURIComponent(userId)}`;

export const changeParticipant = (session, id, userId, fields) => session.api("PATCH", personPath(id, userId), fields);

export const removeParticipant = (session, id, userId) => session.api("DELETE", personPath(id, userId));

export async function leaveConversation(session, id) {
  await session.api("DELETE", personPath(id, session.me));
  loseConversation(session, id, null);
}
