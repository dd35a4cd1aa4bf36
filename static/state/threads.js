// The thread that is open beside its conversation, and what the server says of threads.
import { isInMainLine, withOwnThread, withReply, withoutReply } from "../stoa-threads.js";
import { EMPTY, PAGE, oldestSeq, withEvent, withOlder, withPage } from "../stoa-timeline.js";
import { refreshConversation } from "./list-loading.js";
import { tell } from "./notices.js";

const changeTimeline = (state, id, change) => ({ timelines: { ...state.timelines, [id]: change(state.timelines[id] ?? EMPTY) } });

/** Changes the replies that are open, if they are those of this thread. */
export const changeOpen = (state, rootId, change) =>
  state.thread && state.thread.rootId === rootId ? { thread: { ...state.thread, timeline: change(state.thread.timeline) } } : {};

/** Opens the thread of a message, or the one that it is in. */
export function openThread(session, message) {
  const rootId = message.thread_id ?? message.id;
  session.store.set({ thread: { conversation: message.conversation_id, rootId, timeline: EMPTY } });
  loadThread(session, "");
}

export const closeThread = ({ store }) => store.set({ thread: null });

async function loadThread(session, place, change = withPage) {
  const { conversation, rootId } = session.store.get().thread;
  try {
    const page = await session.api("GET", `/conversations/${conversation}/messages?thread=${rootId}&limit=${PAGE}${place}`);
    session.store.set((state) => changeOpen(state, rootId, (timeline) => change(timeline, page)));
  } catch (error) {
    tell(session, `The replies could not be loaded: ${error.message}`);
  }
}

export const loadOlderReplies = (session) => loadThread(session, `&before=${oldestSeq(session.store.get().thread.timeline)}`, withOlder);

/** After a reconnect the replies are read again. */
export function reloadThread(session, conversation) {
  if (session.store.get().thread?.conversation === conversation) loadThread(session, "");
}

/** A reply was said: its thread has one more, and what is unread of it, only the server knows for sure. */
export function whenReplied(session, event) {
  const { conversation_id: id, message } = event;
  session.store.set((state) => ({
    ...changeTimeline(state, id, (timeline) => withReply(timeline, event, session.me)),
    ...changeOpen(state, message.thread_id, (timeline) => withEvent(timeline, event)),
  }));
  if (message.sender_id !== session.me && !isInMainLine(message)) refreshConversation(session, id);
}

/** A reply was edited or deleted. */
export function whenReplyChanged(session, event) {
  const { conversation_id: id, message } = event;
  session.store.set((state) => ({
    ...(message.deleted_at ? changeTimeline(state, id, (timeline) => withoutReply(timeline, event, session.me)) : {}),
    ...changeOpen(state, message.thread_id, (timeline) => withEvent(timeline, event)),
  }));
}

export function whenThreadChanged(session, event) {
  session.store.set((state) => changeTimeline(state, event.conversation_id, (timeline) => withOwnThread(timeline, event)));
  refreshConversation(session, event.conversation_id);
}

const ask = (session, event, data) =>
  session.client.request(event, data).then((changed) => whenThreadChanged(session, changed), (error) => tell(session, error.message));

/** Follows a thread, or no longer. */
export function toggleFollowing(session, { conversation_id, id: message_id, thread }) {
  return ask(session, thread?.following ? "unfollow_thread" : "follow_thread", { conversation_id, message_id });
}

/** The replies up to a seq were on the screen. */
export const markThreadSeen = (session, conversation_id, rootId, seq) => ask(session, "mark_seen", { conversation_id, seq, thread: rootId });
