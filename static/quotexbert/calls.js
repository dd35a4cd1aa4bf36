// The calls of quotexbert's messages page and chat: fetch alone, no socket.

/** Who is signed in: the id that the platform's requests name, and the token. */
export const current = { userId: null, token: null };

/** What was answered with each tag, so that a poll that changes nothing costs little. */
const tags = new Map();

async function call(path, { method = "GET", body, polled = false } = {}) {
  const headers = { "Authorization": `Bearer ${current.token}` };
  if (body) headers["Content-Type"] = "application/json";
  const known = polled ? tags.get(path) : undefined;
  if (known) headers["If-None-Match"] = known.tag;
  const response = await fetch(path, { method, headers, cache: "no-store", body: body && JSON.stringify(body) });
  if (response.status === 304 && known) return known.answer;
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? "That did not work.");
  if (polled) tags.set(path, { tag: response.headers.get("ETag"), answer });
  return answer;
}

const threadPath = (id, rest = "") => `/api/threads/${encodeURIComponent(id)}${rest}`;

export const getThreads = () => call(`/api/threads?userId=${encodeURIComponent(current.userId)}`);

export const getMessages = async (thread) => (await call(threadPath(thread, "/messages"), { polled: true })).messages;

export const sendMessage = (thread, toUserId, message) =>
  call(threadPath(thread, "/messages"), { method: "POST", body: { fromUserId: current.userId, toUserId, message } });

export const markRead = (thread) => call(threadPath(thread, "/messages"), { method: "PATCH", body: { viewerUserId: current.userId } });

export const getTyping = async (thread) => {
  const query = new URLSearchParams({ threadId: thread, userId: current.userId });
  return (await call(`/api/typing-indicators?${query}`)).typingUsers;
};

export const sayTyping = (thread, action) =>
  call("/api/typing-indicators", { method: "POST", body: { threadId: thread, userId: current.userId, action } });
