// The open conversation is the address's fragment: a reload, the browser's back button and a second window find it there.

const inAddress = () => decodeURIComponent(location.hash.slice(1)) || null;

/** Goes to a conversation, or back to the list. */
export function goTo(conversationId) {
  if (conversationId === inAddress()) return;
  if (conversationId) {
    location.hash = conversationId;
    return;
  }
  history.pushState(null, "", location.pathname + location.search);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Tells which conversation the address names, now and whenever that changes. */
export function followAddress(listener) {
  addEventListener("hashchange", () => listener(inAddress()));
  addEventListener("popstate", () => listener(inAddress()));
  listener(inAddress());
}
