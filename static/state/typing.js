// Who is typing, and telling others that we are.

/** A start fades after six seconds by itself: a client repeats it every three while its user types. */
const FADES_MS = 6_000;
const REPEAT_MS = 3_000;

/** Writes down that somebody types or has stopped. */
export function markTyping({ store }, id, userId, isTyping) {
  const present = store.get().typing[id];
  if (!isTyping && !present?.[userId]) return;
  const { [userId]: _before, ...others } = present ?? {};
  const until = Date.now() + FADES_MS;
  const now = isTyping ? { ...others, [userId]: until } : others;
  store.set((state) => ({ typing: { ...state.typing, [id]: now } }));
  if (isTyping) setTimeout(() => store.get().typing[id]?.[userId] === until && markTyping({ store }, id, userId, false), FADES_MS);
}

/** Our own typing in one conversation: call it with each change of the text. */
export function createTypist({ client }, conversationId) {
  let saidAt = 0;
  const say = (event) => client.request(event, { conversation_id: conversationId }).catch(() => {});
  return function type(isTyping) {
    if (isTyping && Date.now() - saidAt > REPEAT_MS) {
      saidAt = Date.now();
      say("typing_start");
    } else if (!isTyping && saidAt) {
      saidAt = 0;
      say("typing_stop");
    }
  };
}
