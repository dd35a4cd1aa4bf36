// Opening a conversation: its snapshot, the history above, and the line "new since you left".
import { EMPTY, PAGE, oldestSeq, withOlder } from "../stoa-timeline.js";
import { participantOf } from "./names.js";
import { refreshConversation } from "./list-loading.js";
import { tell } from "./notices.js";

const readSeqOf = (state, id, me) => participantOf(state.conversations[id], me)?.read_seq ?? null;

/** Where the line is drawn: below what was read, if there is something beyond it. */
function withLine(state, id, me) {
  const conversation = state.conversations[id];
  if (!conversation) return state.leftAt;
  const again = conversation.mine?.unread_from;
  const readTo = again ? again - 1 : readSeqOf(state, id, me);
  return { ...state.leftAt, [id]: conversation.unread > 0 ? readTo : null };
}

export async function openConversation(session, id) {
  const { store, me } = session;
  if (store.get().openId === id) return;
  session.returned.add(id);
  store.set((state) => ({ openId: id, leftAt: withLine(state, id, me) }));
  await prepareOpen(session);
}

/** Gets what is missing of the open conversation; asked again after a reconnect, it goes on where it failed. */
export async function prepareOpen(session) {
  const { store, client, me, opened } = session;
  const id = store.get().openId;
  if (!id || opened.has(id)) return;
  if (!store.get().conversations[id]) {
    await refreshConversation(session, id);
    store.set((state) => ({ leftAt: withLine(state, id, me) }));
  }
  if (!store.get().conversations[id] || opened.has(id)) return;
  opened.add(id);
  session.followed.add(id);
  client.join(id);
}

export const setLeftAt = ({ store }, id, seq) => store.set((state) => ({ leftAt: { ...state.leftAt, [id]: seq } }));

/** While nobody looks, what comes is new; if nothing came, there is nothing to draw a line under. */
export function rememberWhereLeft(session) {
  document.addEventListener("visibilitychange", () => {
    const state = session.store.get();
    const id = state.openId;
    if (!state.conversations[id]) return;
    const left = state.leftAt[id];
    const hasNew = state.conversations[id].last_message?.seq > left && state.conversations[id].unread > 0;
    if (document.hidden && !hasNew) setLeftAt(session, id, readSeqOf(state, id, session.me));
    if (!document.hidden && !hasNew) setLeftAt(session, id, null);
  });
}

/** One page more of what was said before. @returns {Promise<boolean>} whether something came */
export async function loadOlder(session, id) {
  const { store, api } = session;
  const timeline = store.get().timelines[id] ?? EMPTY;
  if (!timeline.hasOlder || session.loadingOlder === id) return false;
  session.loadingOlder = id;
  // All of the newest messages may be replies that their threads alone show.
  const oldest = oldestSeq(timeline);
  const before = oldest === null ? "" : `&before=${oldest}`;
  try {
    const page = await api("GET", `/conversations/${id}/messages?thread=none${before}&limit=${PAGE}`);
    store.set((state) => ({ timelines: { ...state.timelines, [id]: withOlder(state.timelines[id], page) } }));
    return page.items.length > 0;
  } catch (error) {
    tell(session, `Earlier messages could not be loaded: ${error.message}`);
    return false;
  } finally {
    session.loadingOlder = null;
  }
}
