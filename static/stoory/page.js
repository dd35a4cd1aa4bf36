// The example page: the demo's people use the guide's front end. Everything that it asks for is in calls.js.
import {
  connect, current, getConversations, getMessages, handleButtonClick, handleInputSubmit, markSeen, payOrder, sendMessage,
} from "./calls.js";
import { element, renderMessage } from "./rendering.js";

const place = (id) => document.getElementById(id);
const state = { conversations: [], open: null, messages: new Map(), said: "" };
let socket;

const say = (text) => {
  place("notice").textContent = text;
};
const doing = (work) => work.catch((error) => say(error.message));

const act = {
  click: (id, data) => doing(handleButtonClick(state.open, id, data)),
  submit: (text, type) => doing(handleInputSubmit(state.open, text, type)),
  pay: (config) => doing(payOrder(config)),
};

/** What is shown already: a message that is the same stays as it is, with what was typed into its form. */
const shown = new Map();

/** Whatever of a message can be seen, in one text. */
function lookOf({ sender_id, message, action_required, action_data }) {
  const sorted = (_, value) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
  return JSON.stringify([sender_id, message, Boolean(action_required && action_data), action_data], sorted);
}

function elementOf(message) {
  const look = lookOf(message);
  const known = shown.get(message.id);
  if (known?.look === look) return known.element;
  const made = { look, element: renderMessage(message, act) };
  shown.set(message.id, made);
  return made.element;
}

function showMessages() {
  const list = place("messages");
  const before = list.lastElementChild;
  const wanted = [...state.messages.values()].map(elementOf);
  const kept = new Set(wanted);
  [...list.children].filter((element) => !kept.has(element)).forEach((element) => element.remove());
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  for (const id of shown.keys()) if (!state.messages.has(id)) shown.delete(id);
  if (list.lastElementChild !== before) list.lastElementChild?.scrollIntoView({ block: "nearest" });
}

function showContext(context) {
  const turn = context.awaiting_role ? `, waiting for ${context.awaiting_role}` : "";
  place("context").textContent = `${context.flow_state}${turn} (${context.chat_status})`;
  place("composer").hidden = context.chat_status !== "real_time";
}

/** A step answers the cards that waited; what was answered is shown without its buttons. */
async function refresh() {
  const conversation = state.open;
  const before = new Set(state.messages.keys());
  const messages = await getMessages(conversation);
  if (conversation !== state.open) return;
  // What came while the answer was on its way is newer than the answer.
  const since = [...state.messages].filter(([id]) => !before.has(id));
  state.messages = new Map([...messages.map((message) => [message.id, message]), ...since]);
  showMessages();
}

const on = {
  updateMessageList(conversation, message) {
    if (conversation !== state.open) return;
    state.messages.set(message.id, message);
    showMessages();
    if (message.sender_id !== current.userId) doing(markSeen(conversation));
  },
  updateConversationContext(conversation, context) {
    const known = state.conversations.find(({ id }) => id === conversation);
    if (known) Object.assign(known, context);
    showList();
    if (conversation === state.open) showContext(context);
  },
  showNotification: ({ type, data }) => say(type === "message" ? `${data.sender_name}: ${data.body}` : data.body ?? "A new conversation"),
  showTyping({ conversationId, userId, isTyping }) {
    if (conversationId === state.open) place("typing").textContent = isTyping ? `${userId} is typing …` : "";
  },
  showSeen: () => {},
  /** What was refused is not lost. */
  showRefusal({ message }) {
    say(message);
    place("text").value ||= state.said;
    state.said = "";
  },
  showState({ conversation_id }) {
    if (conversation_id === state.open) doing(refresh());
  },
  showAction: ({ flow_update }) => say(`The deal stands in ${flow_update.flow_state}.`),
  beginAnew: () => doing(readAgain()),
  showConnection: (text) => {
    place("connection").textContent = text;
  },
};

const otherOf = ({ brand_owner_id, influencer_id }) => (brand_owner_id === current.userId ? influencer_id : brand_owner_id);

/** What is said after the answer comes as an event, so the messages are read after it. Without a connection, `beginAnew` joins later. */
const join = (id) => socket.connected && socket.timeout(5_000).emitWithAck("join_conversation", id).catch(() => say("The conversation could not be joined yet."));

async function open(conversation) {
  if (state.open) socket.emit("leave_conversation", state.open);
  state.open = conversation.id;
  state.messages = new Map();
  current.otherUserId = otherOf(conversation);
  showContext(conversation);
  showList();
  await join(conversation.id);
  await refresh();
  await markSeen(conversation.id);
}

/** A connection that was not recovered has joined nothing, and what was said meanwhile does not come. */
async function readAgain() {
  state.conversations = await getConversations();
  showList();
  const open = state.conversations.find(({ id }) => id === state.open);
  if (!open) return;
  showContext(open);
  await join(open.id);
  await refresh();
}

function showList() {
  const item = (conversation) => {
    const button = element("button", { type: "button", dataset: { test: "conversation", id: conversation.id } },
      `${otherOf(conversation) ?? "several people"} · ${conversation.flow_state}`);
    button.setAttribute("aria-current", String(conversation.id === state.open));
    button.addEventListener("click", () => doing(open(conversation)));
    return element("li", {}, button);
  };
  place("conversations").replaceChildren(...state.conversations.map(item));
}

function listenToTheComposer() {
  const { composer, text } = { composer: place("composer"), text: place("text") };
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    state.said = text.value;
    sendMessage(state.open, text.value);
    say("");
    text.value = "";
    socket.emit("typing_stop", { conversationId: state.open, userId: current.userId });
  });
  text.addEventListener("input", () => socket.emit("typing_start", { conversationId: state.open, userId: current.userId }));
}

/** The demo hands out tokens; the guide's front end keeps its own in `authToken`. */
async function signIn() {
  const { items } = await (await fetch("/api/v1/demo/people")).json();
  const wanted = new URLSearchParams(location.search).get("as");
  const person = items.find(({ user_id }) => user_id === wanted) ?? items[0];
  localStorage.setItem("authToken", person.token);
  current.userId = person.user_id;
  const options = items.map(({ user_id, name }) => element("option", { value: user_id, selected: user_id === person.user_id }, name ?? user_id));
  place("people").replaceChildren(...options);
  place("people").addEventListener("change", ({ target }) => location.assign(`?as=${encodeURIComponent(target.value)}`));
}

async function begin() {
  await signIn();
  socket = connect(on);
  listenToTheComposer();
  state.conversations = await getConversations();
  showList();
}

begin().catch((error) => on.showConnection(`This page needs the demo (make run): ${error.message}`));
