// The open conversation is the address's fragment: a reload, the browser's back button and a second window find it there.

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id in the address; null where the fragment is none, whatever somebody has pasted there. */
function inAddress() {
  const fragment = location.hash.slice(1);
  return ID.test(fragment) ? fragment.toLowerCase() : null;
}

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
