// What was begun and not sent, for each conversation and person; it outlives the window.

const keyOf = (me, conversationId) => `stoa.draft.${me}.${conversationId}`;

export function draftOf(me, conversationId) {
  try {
    return localStorage.getItem(keyOf(me, conversationId)) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(me, conversationId, text) {
  try {
    if (text) localStorage.setItem(keyOf(me, conversationId), text);
    else localStorage.removeItem(keyOf(me, conversationId));
  } catch {
    // A full or forbidden storage: the draft lives as long as the window.
  }
}
