// What a conversation is for me alone: level of notifications, star, hidden, unread again.
import { goTo } from "./address.js";
import { changed, withConversation } from "./conversations.js";
import { participantOf, titleOf } from "./names.js";
import { tell } from "./notices.js";

/** What somebody has who has chosen nothing. */
const PLAIN = { notify: { level: "all", until: null }, starred: false, hidden: false, unread_from: null };

export const mineOf = (conversation) => conversation.mine ?? PLAIN;

/** Of what I am notified now: a level ends at its time. */
export function levelOf(conversation, now = Date.now()) {
  const { level, until } = mineOf(conversation).notify;
  return until && Date.parse(until) <= now ? "all" : level;
}

/** Whether something unread mentions me. */
export const hasMention = (conversation, me) => (conversation.mentioned_at ?? 0) > (participantOf(conversation, me)?.read_seq ?? 0);

/** Whether the unread messages of a conversation count in the bell. */
function isLoud(conversation, me) {
  const level = levelOf(conversation);
  return level === "all" || (level === "mentions" && hasMention(conversation, me));
}

/** What is unread where I want to be told. */
export const loudUnread = (conversations, me) => Object.values(conversations).filter((one) => one.unread > 0 && isLoud(one, me));

export const unreadTotal = (conversations, me) => loudUnread(conversations, me).reduce((sum, { unread }) => sum + unread, 0);

const keepMine = ({ store }, id, mine) => store.set((state) => ({ conversations: changed(state.conversations, id, (present) => ({ mine: { ...mineOf(present), ...mine } })) }));

/** Changes it at the server. Throws what the server refused. */
export async function changeMine(session, id, change) {
  const conversation = await session.api("PATCH", `/conversations/${id}/me`, change);
  session.store.set((state) => ({ conversations: withConversation(state.conversations, conversation, session.me) }));
}

/** The newest message of somebody else, as far as it is known. */
export function lastOfOthers({ store, me }, id) {
  const { conversations, timelines } = store.get();
  const known = [...(timelines[id]?.messages ?? []), conversations[id]?.last_message];
  return known.filter((message) => message && message.sender_id !== me && !message.deleted_at && !message.from_blocked).reduce((last, one) => (one.seq > (last?.seq ?? 0) ? one : last), null);
}

/** Counts the last message of somebody else as unread, and goes back to the list: what stays on the screen is read. */
export async function markUnread(session, id) {
  const last = lastOfOthers(session, id);
  if (!last) return;
  session.returned.delete(id);
  goTo(null);
  await changeMine(session, id, { unread_from: last.seq }).catch((error) => tell(session, `Not marked as unread: ${error.message}`));
}

/** Reading up to there, or beyond, ends that it is unread again. */
export function endUnreadFrom(session, id, seq) {
  const from = session.store.get().conversations[id]?.mine?.unread_from;
  if (from && seq >= from) keepMine(session, id, { unread_from: null });
}

/** Leaves a conversation out of the list until somebody writes. */
export async function hide(session, id) {
  await changeMine(session, id, { hidden: true });
  if (session.store.get().openId === id) goTo(null);
  const title = titleOf(session.store.get().conversations[id], session.me);
  tell(session, `“${title}” is under “Hidden” until somebody writes there.`);
}

function whenMine(session, { conversation_id: id, mine }) {
  const before = session.store.get().conversations[id];
  // Where it is open in another window, it is not read again by being there.
  if (mine.unread_from !== null && before?.mine?.unread_from !== mine.unread_from) session.returned.delete(id);
  keepMine(session, id, mine);
}

function mentions(message, conversation, me) {
  const role = participantOf(conversation, me)?.role;
  return message.sender_id !== me && (message.mentions ?? []).some((whom) => [me, "all", `role:${role}`].includes(whom));
}

function whenSaid({ store, me }, { conversation_id: id, message }) {
  store.set((state) => ({
    conversations: changed(state.conversations, id, (present) => ({
      ...(present.mine?.hidden && !message.from_blocked ? { mine: { ...present.mine, hidden: false } } : {}),
      ...(mentions(message, present, me) && !message.from_blocked ? { mentioned_at: message.seq } : {}),
    })),
  }));
}

/** A notification has no seq: what is known of the conversation says how far it goes. */
export const keepMentioned = ({ store }, id) =>
  store.set((state) => ({ conversations: changed(state.conversations, id, (present) => ({ mentioned_at: Math.max(present.last_seq ?? 0, present.last_message?.seq ?? 0) })) }));

export function listenToMine(session) {
  session.client.on("mine_changed", (event) => whenMine(session, event));
  session.client.on("new_message", (event) => whenSaid(session, event));
  session.client.on("notification", ({ conversation_id: id, reason }) => reason === "mention" && keepMentioned(session, id));
}
