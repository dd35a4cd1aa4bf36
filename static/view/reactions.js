// The reactions under a message, and the emoji that are offered for another one.
import { html, useState } from "../vendor/htm-preact.js";
import { OFFERED, toggleReaction } from "../state/annotating.js";
import { nameOf, personOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { IconButton } from "./icon.js";

/** Who reacts, as far as the server names them. */
function namesOf({ users, count }, conversation, me) {
  const named = users.map((id) => (id === me ? "You" : nameOf(personOf(conversation, id))));
  const more = count - named.length;
  return named.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function Reaction({ reaction, message, conversation }) {
  const session = useSession();
  const { emoji, count, mine } = reaction;
  const names = namesOf(reaction, conversation, session.me);
  return html`<button type="button" class="reaction" aria-pressed=${String(mine)} aria-label=${`${emoji} ${count}: ${names}`} title=${names} data-test="reaction"
    data-emoji=${emoji} onClick=${() => toggleReaction(session, message, emoji)}>
    <span aria-hidden="true">${emoji}</span><span aria-hidden="true">${count}</span>
  </button>`;
}

export function Reactions({ message, conversation }) {
  if (!message.reactions?.length) return null;
  return html`<div class="reactions" role="group" aria-label="Reactions" data-test="reactions">
    ${message.reactions.map((reaction) => html`<${Reaction} key=${reaction.emoji} reaction=${reaction} message=${message} conversation=${conversation} />`)}
  </div>`;
}

/** A button that offers emoji. */
export function ReactButton({ message }) {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const choose = (emoji) => {
    setOpen(false);
    toggleReaction(session, message, emoji);
  };
  const leave = (event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false);
  return html`<span class="react" onfocusout=${leave} onKeyDown=${(event) => event.key === "Escape" && setOpen(false)}>
    <${IconButton} name="smile" label="React" hook="react" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)} />
    ${isOpen && html`<span class="offered" role="group" aria-label="Choose a reaction">
      ${OFFERED.map((emoji) => html`<button type="button" key=${emoji} class="icon-button" aria-label=${emoji} data-test="offered-reaction" onClick=${() => choose(emoji)}>${emoji}</button>`)}
    </span>`}
  </span>`;
}
