// Searching messages, and going to one that was found wherever it is in its conversation.
import { EMPTY, PAGE, newestSeq, withNewer, withPage } from "../stoa-timeline.js";
import { isInMainLine } from "../stoa-threads.js";
import { goTo } from "./address.js";
import { tell } from "./notices.js";
import { openThread } from "./threads.js";

/** @returns {Promise<{items: Object[], next_cursor: string|null, total: number|null}>} */
export function searchMessages({ api }, words, cursor = null) {
  const place = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  return api("GET", `/search?q=${encodeURIComponent(words)}${place}`);
}

/** Characters that are shown before the first match. */
const BEFORE = 24;

/** A text in pieces, those that match marked. The places are counted in code points, as Array.from counts. */
export function piecesOf(body, highlights) {
  const characters = Array.from(body);
  const first = highlights[0]?.[0] ?? 0;
  const begin = Math.max(0, first - BEFORE);
  const pieces = begin > 0 ? [{ text: "…" }] : [];
  let at = begin;
  for (const [start, length] of highlights) {
    pieces.push({ text: characters.slice(at, start).join("") }, { text: characters.slice(start, start + length).join(""), isMatch: true });
    at = start + length;
  }
  pieces.push({ text: characters.slice(at).join("") });
  return pieces.filter(({ text }) => text);
}

/** Opens the conversation of a message; its list then shows the message, or its thread opens. */
export function goToMessage(session, message) {
  const { id, seq, conversation_id: conversation } = message;
  if (isInMainLine(message)) session.store.set({ target: { conversation, id, seq } });
  else openThread(session, message);
  goTo(conversation);
}

const keepTimeline = ({ store }, id, change) =>
  store.set((state) => ({ timelines: { ...state.timelines, [id]: change(state.timelines[id] ?? EMPTY) } }));

async function load(session, id, place, change) {
  try {
    const page = await session.api("GET", `/conversations/${id}/messages?thread=none&limit=${PAGE}${place}`);
    keepTimeline(session, id, (timeline) => change(timeline, page));
    return true;
  } catch (error) {
    tell(session, `The messages could not be loaded: ${error.message}`);
    return false;
  }
}

/** Shows the part of the history around a message, unless it is loaded. */
export async function loadAround(session, id, message) {
  const timeline = session.store.get().timelines[id] ?? EMPTY;
  if (timeline.messages.some((one) => one.id === message.id)) return true;
  return load(session, id, `&around=${message.seq}`, withPage);
}

/** One page more of what was said afterwards. */
export const loadNewer = (session, id) => load(session, id, `&after=${newestSeq(session.store.get().timelines[id])}`, withNewer);

/** Back from a part of the history to the end. */
export const loadLatest = (session, id) => load(session, id, "", withPage);
