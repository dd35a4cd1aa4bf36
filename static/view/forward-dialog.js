// Where a message is forwarded to: a list of the open conversations, newest activity first.
import { html, useState } from "../vendor/htm-preact.js";
import { goTo } from "../state/address.js";
import { inOrder } from "../state/conversations.js";
import { counterpartOf, nameOf, personOf, previewOf, titleOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Avatar, GroupAvatar } from "./avatar.js";
import { Dialog } from "./dialog.js";

/** What the new message says until its event comes. */
function draftOf(message, conversation) {
  const origin = message.forwarded ?? { name: nameOf(personOf(conversation, message.sender_id)), at: message.created_at };
  return { forward_of: message.id, forwarded: origin, body: message.body, attachments: message.attachments };
}

function Place({ conversation, onChoose }) {
  const { me } = useSession();
  const counterpart = counterpartOf(conversation, me);
  const subject = conversation.subject?.title;
  return html`<li><button type="button" class="person-option forward-place" data-test="forward-place" data-id=${conversation.id} onClick=${onChoose}>
    ${counterpart ? html`<${Avatar} person=${counterpart} size="small" />` : html`<${GroupAvatar} id=${conversation.id} size="small" />`}
    <span class="person-words"><span dir="auto">${titleOf(conversation, me)}</span>${subject && html`<span class="quiet" dir="auto">${subject}</span>`}</span>
  </button></li>`;
}

export function ForwardDialog({ message, conversation, onClose }) {
  const session = useSession();
  const conversations = useChosen((state) => state.conversations);
  const [search, setSearch] = useState("");
  const words = search.trim().toLowerCase();
  const offered = inOrder(conversations).filter((one) => one.status === "open" && `${titleOf(one, session.me)} ${one.subject?.title ?? ""}`.toLowerCase().includes(words));
  const choose = (id) => {
    session.client.send(id, draftOf(message, conversation));
    onClose();
    goTo(id);
  };
  return html`<${Dialog} title="Forward to" hook="forward-dialog" onClose=${onClose}>
    <p class="dialog-text preview" dir="auto">${previewOf(message)}</p>
    <label class="field"><span>Which conversation?</span>
      <input type="search" autofocus autocomplete="off" data-test="forward-search" value=${search} onInput=${(event) => setSearch(event.target.value)} />
    </label>
    <ul class="person-options" aria-label="Conversations">
      ${offered.map((one) => html`<${Place} key=${one.id} conversation=${one} onChoose=${() => choose(one.id)} />`)}
    </ul>
  <//>`;
}
