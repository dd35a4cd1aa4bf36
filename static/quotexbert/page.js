// The messages page: previews, a switcher of people, and a chat that polls every three seconds.
import { element } from "../stoory/rendering.js";
import { current, getMessages, getThreads, getTyping, markRead, sayTyping, sendMessage } from "./calls.js";

const POLL_MS = 3_000;
const place = (id) => document.getElementById(id);
const state = { selfUserId: null, threads: [], open: null, shown: "" };

const say = (text) => {
  place("notice").textContent = text;
};
const doing = (work) => work.then(() => say(""), (error) => say(error.message));

/** The other side: the homeowner, or for them the contractor. */
function otherOf({ lead }) {
  return lead.homeowner.id === state.selfUserId ? lead.contractor : lead.homeowner;
}

/** The name of a user; their address where they have none. */
const shown = (user) => user?.name ?? user?.email ?? "nobody yet";

function showThreads() {
  const item = (thread) => {
    const unread = thread.unreadCount ? ` (${thread.unreadCount})` : "";
    const button = element("button", { type: "button", dataset: { test: "thread", id: thread.id } },
      element("strong", {}, thread.lead.title + unread), element("br"),
      element("span", { className: "quiet", dataset: { test: "preview" } },
        `${shown(otherOf(thread))}: ${thread.messages[0]?.body ?? "nothing said yet"}`));
    button.setAttribute("aria-current", String(thread.id === state.open));
    button.addEventListener("click", () => doing(open(thread.id)));
    return element("li", {}, button);
  };
  const focused = document.activeElement?.dataset?.id;
  place("threads").replaceChildren(...state.threads.map(item));
  if (focused) place("threads").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function showMessages(messages) {
  const row = (message) => {
    const mine = message.fromUser.id === state.selfUserId;
    const tick = mine && message.readAt ? " ✓✓" : "";
    return element("div", { className: `message${mine ? " mine" : ""}`, dataset: { test: "message", id: message.id } },
      message.body + tick);
  };
  const look = JSON.stringify(messages.map(({ id, body, readAt }) => [id, body, Boolean(readAt)]));
  if (look === state.shown) return false;
  state.shown = look;
  place("messages").replaceChildren(...messages.map(row));
  place("messages").lastElementChild?.scrollIntoView({ block: "nearest" });
  return true;
}

/** The name of somebody who types, from the thread where it has it. */
function nameOf(id, { userId, email }) {
  const { lead } = state.threads.find((thread) => thread.id === id);
  const person = [lead.homeowner, lead.contractor].find((user) => user?.id === userId);
  return person ? shown(person) : email;
}

async function readThreads() {
  const { threads, selfUserId } = await getThreads();
  Object.assign(state, { threads, selfUserId });
  showThreads();
}

async function readOpen() {
  const thread = state.open;
  if (!thread) return;
  const [messages, typing] = await Promise.all([getMessages(thread), getTyping(thread)]);
  if (thread !== state.open) return;
  place("typing").textContent = typing.map((user) => `${nameOf(thread, user)} is typing …`).join(" ");
  const isNew = showMessages(messages);
  const last = messages.at(-1);
  if (isNew && last && last.fromUser.id !== state.selfUserId) await markRead(thread);
}

async function open(id) {
  state.open = id;
  state.shown = "";
  const { lead } = state.threads.find((thread) => thread.id === id);
  place("lead").textContent = `${lead.title} (${lead.status})`;
  place("composer").hidden = false;
  showThreads();
  await readOpen();
  await readThreads();
}

/** One poll after the other: a slow answer is waited for. */
async function pollForEver() {
  await doing(readThreads().then(readOpen));
  setTimeout(pollForEver, POLL_MS);
}

function listenToTheComposer() {
  const text = place("text");
  let typedAt = 0;
  text.addEventListener("input", () => {
    if (Date.now() - typedAt < 2_000) return;
    typedAt = Date.now();
    doing(sayTyping(state.open, "start"));
  });
  place("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const said = text.value;
    const to = otherOf(state.threads.find(({ id }) => id === state.open));
    if (!said.trim() || !to) return;
    text.value = "";
    const sent = sendMessage(state.open, to.id, said).catch((error) => {
      text.value ||= said;
      throw error;
    });
    doing(sent.then(readOpen).then(readThreads));
  });
}

/** The demo hands out tokens; the platform's own page has Clerk's cookie. */
async function signIn() {
  const { items } = await (await fetch("/api/v1/demo/people")).json();
  const wanted = new URLSearchParams(location.search).get("as");
  const person = items.find(({ user_id }) => user_id === wanted) ?? items[0];
  Object.assign(current, { userId: person.user_id, token: person.token });
  const option = ({ user_id, name }) => element("option", { value: user_id, selected: user_id === person.user_id }, name ?? user_id);
  place("people").replaceChildren(...items.map(option));
  place("people").addEventListener("change", ({ target }) => location.assign(`?as=${encodeURIComponent(target.value)}`));
}

signIn().then(() => {
  listenToTheComposer();
  pollForEver();
}, (error) => say(`This page needs the demo with the dialect quotexbert: ${error.message}`));
