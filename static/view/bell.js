// The bell: how much is unread, and where.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { goTo } from "../state/address.js";
import { inOrder } from "../state/conversations.js";
import { loudUnread, unreadTotal } from "../state/mine.js";
import { previewOf, titleOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Icon } from "./icon.js";

/** Closes on Escape and on whatever happens elsewhere. */
function useClosing(place, close) {
  useEffect(() => {
    const onKey = (event) => event.key === "Escape" && close(true);
    const onPress = (event) => !place.current?.contains(event.target) && close(false);
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", onPress);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerdown", onPress);
    };
  }, []);
}

function Panel({ place, onClose }) {
  const { me } = useSession();
  const conversations = useChosen((state) => state.conversations);
  const unread = inOrder(loudUnread(conversations, me));
  useClosing(place, onClose);
  const visit = (id) => {
    onClose(false);
    goTo(id);
  };
  return html`<div class="bell-panel" id="bell-panel" data-test="bell-panel">
    <h2>Unread</h2>
    ${!unread.length && html`<p class="quiet">You have read everything.</p>`}
    <ul>${unread.map((conversation) => html`<li key=${conversation.id}>
      <button type="button" class="bell-item" data-test="bell-item" data-id=${conversation.id} onClick=${() => visit(conversation.id)}>
        <span class="item-line"><span class="item-name">${titleOf(conversation, me)}</span><span class="badge">${conversation.unread > 999 ? "999+" : conversation.unread}</span></span>
        <span class="preview">${previewOf(conversation.last_message)}</span>
      </button>
    </li>`)}</ul>
  </div>`;
}

export function Bell() {
  const { me } = useSession();
  const total = useChosen((state) => unreadTotal(state.conversations, me));
  const [isOpen, setIsOpen] = useState(false);
  const place = useRef(null);
  const button = useRef(null);
  const close = (takesFocus) => {
    setIsOpen(false);
    if (takesFocus) button.current?.focus();
  };
  const label = total ? `Notifications: ${total} unread` : "Notifications: nothing unread";
  return html`<div class="bell" ref=${place}>
    <button type="button" class="icon-button" ref=${button} aria-label=${label} title=${label} aria-expanded=${String(isOpen)} aria-controls=${isOpen ? "bell-panel" : null}
      data-test="bell" onClick=${() => setIsOpen(!isOpen)}>
      <${Icon} name="bell" />${total > 0 && html`<span class="bell-count" data-test="bell-count">${total > 99 ? "99+" : total}</span>`}
    </button>
    ${isOpen && html`<${Panel} place=${place} onClose=${close} />`}
  </div>`;
}
