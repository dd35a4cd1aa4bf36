// One person's session: the store, the REST side and the socket, and how they hang together.
import { createContext, useContext } from "../vendor/htm-preact.js";
import { StoaClient } from "../stoa-client.js";
import { createApi } from "./api.js";
import { createStore, useStore } from "./store.js";
import { listenToServer } from "./events.js";
import { loadBlocks } from "./blocks.js";
import { listenToMine } from "./mine.js";
import { keepDelivered } from "./receipts.js";
import { followAddress } from "./address.js";
import { openConversation, rememberWhereLeft } from "./opening.js";

const INITIAL = {
  /** Conversations by id, as conversations.js makes them. */
  conversations: {},
  isListLoaded: false,
  /** Where the list goes on; null at its end. */
  listCursor: null,
  /** The part of the list that is shown, as list-views.js names them, where it goes on, and whether its first page is here. */
  view: "all",
  viewCursor: null,
  isViewLoaded: true,
  /** Whom I have blocked. */
  blocked: [],
  openId: null,
  /** The message that is to be shown once its conversation is there: `conversation`, `id`, `seq`. */
  target: null,
  /** Timelines by conversation, as stoa-timeline.js makes them. */
  timelines: {},
  /** For each conversation the seq up to which it was read when it was opened or left; null without a line. */
  leftAt: {},
  /** The pinned messages by conversation, the one that was pinned last first. */
  pins: {},
  /** The thread that is open: its conversation, the id of the message that it answers, and its replies; null without one. */
  thread: null,
  /** The steps of deals by conversation, as deals.js makes them; what was not open yet has only those that happened meanwhile. */
  steps: {},
  /** The definitions of deals by name and version. */
  outlines: {},
  /** What is not stored yet. */
  queued: [],
  /** Who types: conversation → user → when that fades. */
  typing: {},
  connection: { state: "connecting", retryAt: null, code: null, error: null },
  /** The tag of the server's node that serves this page; null without several nodes. */
  node: null,
  status: "online",
  notice: null,
};

const socketAddress = () => `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;

/** Away and busy outlive a reload. */
function showStatus({ profile, store, client }) {
  if (!["away", "busy"].includes(profile.status)) return;
  store.set({ status: profile.status });
  client.setStatus(profile.status).catch(() => {});
}

/** Browsers keep a page that was left, frozen but connected, for the way back. Nobody is there: the connection ends until the page is shown again. */
function leaveWithPage(client) {
  addEventListener("pagehide", () => client.close());
  addEventListener("pageshow", (event) => event.persisted && client.connect());
}

/** @param {{profile: Object, token: string, people: Object[]|null, renewToken: () => Promise<string|null>}} who */
export function startSession({ profile, token, people, renewToken }) {
  let present = token;
  const renew = async () => {
    const fresh = await renewToken();
    present = fresh ?? present;
    return fresh;
  };
  const client = new StoaClient({ url: socketAddress(), userId: profile.user_id, token, renewToken: renew });
  const store = createStore({ ...INITIAL, queued: client.queued });
  // followed: joined for their events; opened: joined with their messages; logged: up to which seq a deal's log is known;
  // returned: opened since they were marked as unread, so that looking at them reads them again.
  const places = { followed: new Set(), opened: new Set(), logged: new Map(), returned: new Set() };
  const session = { me: profile.user_id, profile, people, store, client, api: createApi(() => present), token: () => present, ...places };
  listenToServer(session);
  listenToMine(session);
  // Without the list, nothing is marked as blocked; the dialog that shows it asks again.
  loadBlocks(session).catch(() => {});
  keepDelivered(session);
  rememberWhereLeft(session);
  showStatus(session);
  followAddress((id) => openConversation(session, id));
  leaveWithPage(client);
  client.connect();
  return session;
}

export const SessionContext = createContext(null);
export const useSession = () => useContext(SessionContext);

/** A part of the present session's state. */
export const useChosen = (choose) => useStore(useSession().store, choose);
