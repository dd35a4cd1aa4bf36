// The guide's front-end calls: its io() set-up, sendMessage, handleButtonClick, and the text input beside it.
import io from "../vendor/socket.io.esm.min.js";

/** Who is signed in, and whom they talk to. */
export const current = { userId: null, otherUserId: null };

const authToken = () => localStorage.getItem("authToken");

let socket;

/** The guide's set-up; the events go to the page. */
export function connect(on) {
  socket = io(location.origin, { auth: { token: authToken() } });
  socket.on("new_message", ({ conversation_id, message, conversation_context }) => {
    on.updateMessageList(conversation_id, message);
    on.updateConversationContext(conversation_id, conversation_context);
  });
  socket.on("notification", on.showNotification);
  socket.on("user_typing", on.showTyping);
  socket.on("message_seen", on.showSeen);
  socket.on("conversation_state_changed", on.showState);
  socket.on("button_action", on.showAction);
  socket.on("text_input", on.showAction);
  socket.on("error", on.showRefusal);
  socket.on("connect", () => {
    on.showConnection(socket.recovered ? "connected again" : "connected");
    if (socket.recovered) return;
    socket.emit("join", current.userId);
    on.beginAnew();
  });
  socket.on("disconnect", () => on.showConnection("disconnected"));
  socket.on("connect_error", (error) => on.showConnection(`disconnected: ${error.message}`));
  return socket;
}

export function sendMessage(conversationId, message, mediaUrl = null) {
  socket.emit("send_message", {
    conversationId,
    senderId: current.userId,
    receiverId: current.otherUserId,
    message,
    mediaUrl,
  });
}

async function call(path, body) {
  const response = await fetch(`/api/messages/${path}`, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", "Authorization": `Bearer ${authToken()}` },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!answer.success) throw new Error(answer.message);
  return answer;
}

export const handleButtonClick = (conversationId, buttonId, additionalData = {}) =>
  call(`conversations/${conversationId}/button-click`, { button_id: buttonId, additional_data: additionalData });

export const handleInputSubmit = (conversationId, text, inputType) =>
  call(`conversations/${conversationId}/text-input`, { text, input_type: inputType });

/** The guide's page hands `razorpay_config` to Razorpay. In the demo the sandbox stands for its page: it moves no money, and posts the same webhooks. */
export async function payOrder({ order_id, key_id }) {
  if (!String(key_id).startsWith("sandbox")) throw new Error("Here your page opens Razorpay's checkout with razorpay_config.");
  const response = await fetch(`/sandbox/checkout/${encodeURIComponent(order_id)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ outcome: "success" }),
  });
  if (!response.ok) throw new Error((await response.json()).message);
}

export const getConversations = async () => (await call("conversations?page=1&limit=20")).conversations;

export const getMessages = async (conversationId) =>
  (await call(`conversations/${conversationId}/messages?page=1&limit=50`)).messages;

export const markSeen = (conversationId) => call(`conversations/${conversationId}/seen`, {});
