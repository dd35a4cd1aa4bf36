// Getting conversations: the list in pages, one of them afresh, and following those at the top.
import { inOrder, withConversation, without } from "./conversations.js";
import { goTo } from "./address.js";
import { keepMentioned } from "./mine.js";
import { tell } from "./notices.js";
import { titleOf } from "./names.js";

const PAGE = 30;
/** So many conversations are joined without being open, for their presence, typing and messages. The others send `notification` and `unread_changed`. */
const FOLLOWED = 30;

/** Loads the first page, or the next one where `cursor` says so. */
export async function loadList(session, cursor = null) {
  const { api, store, me } = session;
  const place = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  try {
    const page = await api("GET", `/conversations?limit=${PAGE}${place}`);
    store.set((state) => ({
      conversations: page.items.reduce((all, one) => withConversation(all, one, me), state.conversations),
      isListLoaded: true,
      listCursor: page.next_cursor ?? null,
    }));
    follow(session);
  } catch (error) {
    tell(session, `Your conversations could not be loaded: ${error.message}`);
  }
}

/** A page of the unread, the starred or the hidden conversations, unless another part of the list was chosen meanwhile. */
export async function loadViewPage(session, view, cursor = null) {
  const { api, store, me } = session;
  const place = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  try {
    const page = await api("GET", `/conversations?${view}=true&limit=${PAGE}${place}`);
    store.set((state) => ({
      conversations: page.items.reduce((all, one) => withConversation(all, one, me), state.conversations),
      ...(state.view === view ? { isViewLoaded: true, viewCursor: page.next_cursor ?? null } : {}),
    }));
  } catch (error) {
    tell(session, `Your conversations could not be loaded: ${error.message}`);
    store.set((state) => (state.view === view ? { isViewLoaded: true } : {}));
  }
}

/** Unread conversations beyond the first page belong into the bell's list too. */
export async function loadUnread(session) {
  const { conversations } = await session.api("GET", "/unread").catch(() => ({ conversations: [] }));
  const known = session.store.get().conversations;
  const missing = conversations.filter((entry) => !known[entry.conversation_id]).slice(0, PAGE);
  await Promise.all(missing.map((entry) => refreshConversation(session, entry.conversation_id)));
  for (const entry of conversations.filter(({ mentions }) => mentions > 0)) keepMentioned(session, entry.conversation_id);
}

/** Joining from the last seq on costs an empty answer. */
export function follow({ store, client, followed }) {
  for (const conversation of inOrder(store.get().conversations).slice(0, FOLLOWED)) {
    if (followed.has(conversation.id)) continue;
    followed.add(conversation.id);
    client.join(conversation.id, conversation.last_seq);
  }
}

/** Fetches one conversation; one that is not there for us any more leaves the list. */
export async function refreshConversation(session, id) {
  const { api, store, me } = session;
  try {
    const conversation = await api("GET", `/conversations/${id}`);
    store.set((state) => ({ conversations: withConversation(state.conversations, conversation, me) }));
    follow(session);
  } catch (error) {
    if (error.temporary) tell(session, error.message);
    else loseConversation(session, id, error.message);
  }
}

/** It is not ours any more: off the screen and out of the list. */
export function loseConversation(session, id, why) {
  const { store, followed, opened, me } = session;
  const { conversations, openId, timelines } = store.get();
  const title = conversations[id] ? `${titleOf(conversations[id], me)}: ` : "";
  followed.delete(id);
  opened.delete(id);
  store.set({ conversations: without(conversations, id), timelines: without(timelines, id) });
  if (openId === id) goTo(null);
  if (why) tell(session, title + why);
}
