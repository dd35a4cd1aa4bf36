// Where a message is forwarded to: a list of the open conversations.
import { html, useState } from "../vendor/htm-preact.js";
import { goTo } from "../state/address.js";
import { nameOf, personOf, previewOf, titleOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Dialog } from "./dialog.js";

/** What the new message says until its event comes. */
function draftOf(message, conversation) {
  const origin = message.forwarded ?? { name: nameOf(personOf(conversation, message.sender_id)), at: message.created_at };
  return { forward_of: message.id, forwarded: origin, body: message.body, attachments: message.attachments };
}

export function ForwardDialog({ message, conversation, onClose }) {
  const session = useSession();
  const conversations = useChosen((state) => state.conversations);
  const [search, setSearch] = useState("");
  const words = search.trim().toLowerCase();
  const title = (one) => titleOf(one, session.me);
  const offered = Object.values(conversations).filter((one) => one.status === "open" && title(one).toLowerCase().includes(words));
  const choose = (id) => {
    session.client.send(id, draftOf(message, conversation));
    onClose();
    goTo(id);
  };
  return html`<${Dialog} title="Forward to" hook="forward-dialog" onClose=${onClose}>
    <p class="dialog-text preview" dir="auto">${previewOf(message)}</p>
    <label class="field"><span>Which conversation?</span>
      <input type="search" autocomplete="off" data-test="forward-search" value=${search} onInput=${(event) => setSearch(event.target.value)} />
    </label>
    <ul class="person-options" aria-label="Conversations">
      ${offered.map((one) => html`<li key=${one.id}><button type="button" class="button forward-place" data-test="forward-place" onClick=${() => choose(one.id)}>${title(one)}</button></li>`)}
    </ul>
  <//>`;
}
