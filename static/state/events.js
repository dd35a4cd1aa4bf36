// What the server says, written into the store: one function for each event.
import { isInMainLine, withThreadsRead } from "../stoa-threads.js";
import { EMPTY, withEvent, withSent, withSnapshot } from "../stoa-timeline.js";
import { keepFlow, keepSteps, loadOutline, loadSteps } from "./acting.js";
import { loadPins, whenPinned, whenReacted } from "./annotating.js";
import { changed, withChangedMessage, withConversation, withMessage, withPresence, withWatermark } from "./conversations.js";
import { lacksOwnPart, stepOf } from "./deals.js";
import { follow, loadList, loadUnread, loseConversation, refreshConversation } from "./list-loading.js";
import { participantOf } from "./names.js";
import { prepareOpen } from "./opening.js";
import { settleUnread } from "./receipts.js";
import { tell } from "./notices.js";
import { changeOpen, reloadThread, whenReplied, whenReplyChanged, whenThreadChanged } from "./threads.js";
import { markTyping } from "./typing.js";

const LOST_WORDS = { removed: "you were removed", blocked: "you were blocked", left: "you left" };

const changeTimeline = (state, id, change) => ({ ...state.timelines, [id]: change(state.timelines[id] ?? EMPTY) });

async function whenState(session, connection) {
  session.store.set({ connection, node: session.client.node });
  if (connection.state !== "open") return;
  await loadList(session);
  prepareOpen(session);
  loadUnread(session);
}

function whenJoined(session, answer) {
  const { store, me, opened } = session;
  const { conversation_id: id, conversation, participants } = answer;
  store.set((state) => ({
    timelines: changeTimeline(state, id, (timeline) => withThreadsRead(withSnapshot(timeline, answer), conversation.mine?.threads_seq ?? 0)),
    conversations: withConversation(state.conversations, { ...conversation, participants }, me),
  }));
  if (opened.has(id)) loadPins(session, id);
  reloadThread(session, id);
  if (conversation.flow && opened.has(id)) {
    loadOutline(session, conversation.flow);
    loadSteps(session, id);
  }
}

/** A deal made a step. What comes with it for its reader is whole; a deal that begins here and now is not known yet. */
function whenStepped(session, event) {
  const id = event.conversation_id;
  keepSteps(session, id, [stepOf(event)]);
  keepFlow(session, id, event.flow);
  if (!session.store.get().conversations[id]) refreshConversation(session, id);
  if (session.opened.has(id)) loadOutline(session, event.flow);
}

function whenSaid(session, event) {
  const { store, me } = session;
  const isKnown = store.get().conversations[event.conversation_id];
  store.set((state) => ({
    timelines: changeTimeline(state, event.conversation_id, (timeline) => (isInMainLine(event.message) ? withEvent(timeline, event) : timeline)),
    conversations: withMessage(state.conversations, event.message, me),
  }));
  if (event.message.thread_id) whenReplied(session, event);
  markTyping(session, event.conversation_id, event.message.sender_id, false);
  if (!isKnown) refreshConversation(session, event.conversation_id);
}

function whenMessageChanged(session, event) {
  session.store.set((state) => ({
    timelines: changeTimeline(state, event.conversation_id, (timeline) => withEvent(timeline, event)),
    conversations: withChangedMessage(state.conversations, event.message),
  }));
  if (event.message.thread_id) whenReplyChanged(session, event);
}

function whenDeleted(session, event) {
  whenMessageChanged(session, event);
  if (session.store.get().conversations[event.conversation_id]?.unread) refreshConversation(session, event.conversation_id);
}

/** The acknowledgement may come before the event: the message must not vanish in between. */
function whenSent({ store, me }, sent) {
  store.set((state) => {
    const id = sent.queued.conversation_id;
    const isShown = isInMainLine(sent.queued);
    const timelines = changeTimeline(state, id, (timeline) => (isShown ? withSent(timeline, sent, me) : timeline));
    const message = timelines[id].messages.find((known) => known.id === sent.id);
    const thread = sent.queued.thread_id ? changeOpen(state, sent.queued.thread_id, (timeline) => withSent(timeline, sent, me)) : {};
    return { timelines, ...thread, conversations: message ? withMessage(state.conversations, message, me) : state.conversations };
  });
}

function whenConversationUpdated(session, { conversation_id: id, conversation }) {
  if (conversation.membership) return loseConversation(session, id, LOST_WORDS[conversation.membership] ?? "it is gone");
  const present = () => session.store.get().conversations[id];
  const before = present();
  session.store.set((state) => ({ conversations: withConversation(state.conversations, conversation, session.me) }));
  const hasOtherRole = participantOf(before, session.me)?.role !== participantOf(present(), session.me)?.role;
  if (!before || (conversation.flow && (hasOtherRole || lacksOwnPart(present().flow)))) refreshConversation(session, id);
}

function whenCreated(session, { conversation }) {
  session.store.set((state) => ({ conversations: withConversation(state.conversations, conversation, session.me) }));
  follow(session);
  refreshConversation(session, conversation.id);
}

function whenMarked(session, field, { conversation_id: id, user_id: user, seq, thread }) {
  const readsThreads = user === session.me && thread === "all";
  session.store.set((state) => ({
    conversations: withWatermark(state.conversations, id, user, field, seq),
    ...(readsThreads ? { timelines: changeTimeline(state, id, (timeline) => withThreadsRead(timeline, seq)) } : {}),
  }));
  if (user === session.me && field === "read_seq") settleUnread(session, id, seq);
}

function whenNotified(session, { conversation_id: id, unread }) {
  if (!id) return;
  session.store.set((state) => ({ conversations: changed(state.conversations, id, () => ({ unread })) }));
  refreshConversation(session, id);
}

/** Read on another device, edited or deleted, where this page has not joined. What is not in the list needs no badge. */
function whenUnreadChanged(session, event) {
  if (session.store.get().conversations[event.conversation_id]) whenNotified(session, event);
}

function whenPresent({ store, me }, userId, status) {
  store.set((state) => ({
    conversations: withPresence(state.conversations, userId, status),
    status: userId === me && status !== "offline" ? status : state.status,
  }));
}

function whenRefused(session, { conversation_id: id }) {
  session.followed.delete(id);
  session.opened.delete(id);
  refreshConversation(session, id);
}

export function listenToServer(session) {
  const { client, store } = session;
  client.on("state", (connection) => whenState(session, connection));
  client.on("queue", (queued) => store.set({ queued }));
  client.on("sent", (sent) => whenSent(session, sent));
  client.on("joined", (answer) => whenJoined(session, answer));
  client.on("refused", (event) => whenRefused(session, event));
  client.on("new_message", (event) => whenSaid(session, event));
  client.on("message_updated", (event) => whenMessageChanged(session, event));
  client.on("message_deleted", (event) => whenDeleted(session, event));
  client.on("reaction_changed", (event) => whenReacted(session, event));
  client.on("thread_changed", (event) => whenThreadChanged(session, event));
  client.on("pin_changed", (event) => whenPinned(session, event));
  client.on("message_seen", (event) => whenMarked(session, "read_seq", event));
  client.on("message_delivered", (event) => whenMarked(session, "delivered_seq", event));
  client.on("user_typing", (event) => markTyping(session, event.conversation_id, event.user_id, event.is_typing));
  client.on("user_status_change", (event) => whenPresent(session, event.user_id, event.status));
  client.on("user_offline", (event) => whenPresent(session, event.user_id, "offline"));
  client.on("conversation_created", (event) => whenCreated(session, event));
  client.on("conversation_updated", (event) => whenConversationUpdated(session, event));
  client.on("conversation_state_changed", (event) => whenStepped(session, event));
  client.on("notification", (event) => whenNotified(session, event));
  client.on("unread_changed", (event) => whenUnreadChanged(session, event));
  client.on("error", (error) => tell(session, error.message));
}
