// Which conversations the list shows: all, or those that are unread, starred or hidden.
import { loadViewPage } from "./list-loading.js";
import { mineOf } from "./mine.js";

export const VIEWS = { all: "All", unread: "Unread", starred: "Starred", hidden: "Hidden" };

const BELONGS = {
  all: (conversation) => !mineOf(conversation).hidden,
  unread: (conversation) => conversation.unread > 0,
  starred: (conversation) => mineOf(conversation).starred && !mineOf(conversation).hidden,
  hidden: (conversation) => mineOf(conversation).hidden,
};

/** Whether the list shows a conversation. One that is open stays while it is read. */
export const belongsTo = (view, conversation, openId) => BELONGS[view](conversation) || (view === "unread" && conversation.id === openId);

/** Shows another part of the list, and gets what is missing of it. */
export async function chooseView(session, view) {
  session.store.set({ view, viewCursor: null, isViewLoaded: view === "all" });
  if (view !== "all") await loadViewPage(session, view);
}
