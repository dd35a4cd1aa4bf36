// Whom I have blocked, and from whom I accept new conversations.
import { loadList } from "./list-loading.js";

const PAGE = 100;

/** Everybody whom I have blocked, the newest first, into the store. Throws where they cannot be read. */
export async function loadBlocks({ api, store }) {
  const blocked = [];
  let cursor = null;
  do {
    const page = await api("GET", `/blocks?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    blocked.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  store.set({ blocked });
}

export const isBlocked = (blocked, userId) => blocked.some((person) => person.user_id === userId);

/** Presence, receipts and what is folded away are others now. */
async function readAgain(session) {
  const { store, client, opened } = session;
  await Promise.all([loadBlocks(session), loadList(session)]);
  const { openId } = store.get();
  if (opened.has(openId)) client.join(openId);
}

export async function block(session, userId) {
  await session.api("PUT", `/blocks/${encodeURIComponent(userId)}`);
  await readAgain(session);
}

export async function unblock(session, userId) {
  await session.api("DELETE", `/blocks/${encodeURIComponent(userId)}`);
  await readAgain(session);
}

export const readAccept = async ({ api }) => (await api("GET", "/me/privacy")).accept;

export const changeAccept = async ({ api }, accept) => (await api("PUT", "/me/privacy", { accept })).accept;
