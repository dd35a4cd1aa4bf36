// Receipts: delivered for whatever has come here, seen for what was really on the screen.
import { changed, withWatermark } from "./conversations.js";
import { participantOf } from "./names.js";
import { refreshConversation } from "./list-loading.js";
import { endUnreadFrom } from "./mine.js";

const GATHER_MS = 150;

/** Says once for each new last message of somebody else that it has arrived. */
export function keepDelivered(session) {
  const { store, client, me } = session;
  const marked = new Map();
  let timer = null;
  const look = () => {
    timer = null;
    if (store.get().connection.state !== "open") return marked.clear();
    for (const conversation of Object.values(store.get().conversations)) markDelivered(conversation, { client, me, marked });
  };
  store.subscribe(() => (timer ??= setTimeout(look, GATHER_MS)));
}

function markDelivered({ id, last_message: last, ...conversation }, { client, me, marked }) {
  const own = participantOf(conversation, me);
  if (!own || !last || last.sender_id === me) return;
  if (last.seq <= Math.max(own.delivered_seq, own.read_seq, marked.get(id) ?? 0)) return;
  marked.set(id, last.seq);
  client.request("mark_delivered", { conversation_id: id, seq: last.seq }).catch(() => marked.delete(id));
}

/** Whether it was marked as unread and is read again now: its watermark stays where it is. */
function isReadAgain({ store, returned }, id, seq) {
  const from = store.get().conversations[id]?.mine?.unread_from;
  return Boolean(from) && seq >= from && returned.delete(id);
}

/** What was on the screen of a visible window. Being asked twice does no harm. */
export async function markSeen(session, id, seq) {
  const { store, client, me } = session;
  session.seen ??= new Map();
  const own = participantOf(store.get().conversations[id], me);
  if (!own) return;
  if (seq <= Math.max(own.read_seq, session.seen.get(id) ?? 0) && !isReadAgain(session, id, seq)) return;
  session.seen.set(id, seq);
  try {
    const mark = await client.request("mark_seen", { conversation_id: id, seq, thread: "none" });
    store.set((state) => ({ conversations: withWatermark(state.conversations, id, me, "read_seq", mark.seq) }));
    settleUnread(session, id, mark.seq);
  } catch {
    session.seen.delete(id);
    session.returned.add(id);
  }
}

const hasUnreadThread = (timeline) => (timeline?.messages ?? []).some((message) => message.thread?.unread > 0);

/** Everything read means nothing unread; how much is left otherwise, only the server can count. */
export function settleUnread(session, id, seq) {
  endUnreadFrom(session, id, seq);
  const conversation = session.store.get().conversations[id];
  if (!conversation?.unread) return;
  const isBeyond = seq < (conversation.last_message?.seq ?? 0);
  if (isBeyond || hasUnreadThread(session.store.get().timelines[id])) return void refreshConversation(session, id);
  session.store.set((state) => ({ conversations: changed(state.conversations, id, () => ({ unread: 0 })) }));
}
