// Somebody who takes part: presence, role, and what I can do.
import { html, useRef, useState } from "../vendor/htm-preact.js";
import { isBlocked } from "../state/blocks.js";
import { STATUS_NAMES, nameOf, wordsOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { IconButton } from "./icon.js";
import { PersonMenu } from "./person-menu.js";

/** What is known of somebody, beyond the name and the role. */
function standingOf(person, { isMe, isBlockedByMe }) {
  const presence = person.blocked ? "Blocked here" : STATUS_NAMES[person.status];
  const parts = [isMe && "You", isBlockedByMe ? "Blocked by you" : presence, person.muted && "Muted here"];
  return parts.filter(Boolean).join(" · ");
}

const Role = ({ role }) => html`${" · "}<span data-test="participant-role">${wordsOf(role)}</span>`;

export function Participant({ person, conversation, isManager }) {
  const { me } = useSession();
  const blocked = useChosen((state) => state.blocked);
  const [isOpen, setIsOpen] = useState(false);
  const toggle = useRef(null);
  const isMe = person.user_id === me;
  const isBlockedByMe = isBlocked(blocked, person.user_id);
  const close = (event) => {
    if (event.key !== "Escape" || !isOpen || event.target.closest("dialog")) return;
    event.stopPropagation();
    setIsOpen(false);
    toggle.current.querySelector("button").focus();
  };
  return html`<li class="participant" data-test="participant" data-id=${person.user_id} onKeyDown=${close}>
    <div class="participant-line" ref=${toggle}>
      <${Avatar} person=${person} size="small" showsPresence=${true} />
      <span class="person-words"><span dir="auto">${nameOf(person)}</span><span class="quiet" data-test="standing">${standingOf(person, { isMe, isBlockedByMe })}${person.role !== "member" && html`<${Role} role=${person.role} />`}</span></span>
      ${!isMe && html`<${IconButton} name="more" label=${`What you can do about ${nameOf(person)}`} hook="participant-menu" aria-expanded=${String(isOpen)} onClick=${() => setIsOpen(!isOpen)} />`}
    </div>
    ${isOpen && html`<${PersonMenu} person=${person} conversation=${conversation} isManager=${isManager} isBlockedByMe=${isBlockedByMe} />`}
  </li>`;
}
