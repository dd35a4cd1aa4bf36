// Somebody who takes part: presence, role, and for a manager what can be changed.
import { html, useState } from "../vendor/htm-preact.js";
import { changeParticipant, removeParticipant } from "../state/actions.js";
import { STATUS_NAMES, nameOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { IconButton } from "./icon.js";

const ROLES = ["member", "admin", "owner"];

function standingOf(person, isMe) {
  const parts = [isMe && "You", person.blocked ? "Blocked" : STATUS_NAMES[person.status], person.muted && "Muted"];
  return parts.filter(Boolean).join(" · ");
}

function Menu({ person, conversation }) {
  const session = useSession();
  const attempt = (work) => work.catch((error) => tell(session, error.message));
  const change = (fields) => attempt(changeParticipant(session, conversation.id, person.user_id, fields));
  const roles = ROLES.includes(person.role) ? ROLES : [person.role, ...ROLES];
  return html`<div class="participant-tools">
    <label class="field"><span>Role</span>
      <select data-test="role-select" value=${person.role} onChange=${(event) => change({ role: event.target.value })}>
        ${roles.map((role) => html`<option value=${role} selected=${role === person.role}>${role}</option>`)}
      </select>
    </label>
    <div class="buttons">
      <button type="button" class="button" data-test="mute" onClick=${() => change({ muted: !person.muted })}>${person.muted ? "Unmute" : "Mute"}</button>
      <button type="button" class="button" data-test="block" onClick=${() => change({ blocked: !person.blocked })}>${person.blocked ? "Unblock" : "Block"}</button>
      <button type="button" class="button button-quiet-danger" data-test="remove" onClick=${() => attempt(removeParticipant(session, conversation.id, person.user_id))}>Remove</button>
    </div>
  </div>`;
}

export function Participant({ person, conversation, isManager }) {
  const { me } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const isMe = person.user_id === me;
  return html`<li class="participant" data-test="participant" data-id=${person.user_id}>
    <div class="participant-line">
      <${Avatar} person=${person} size="small" showsPresence=${true} />
      <span class="person-words"><span>${nameOf(person)}</span><span class="quiet">${standingOf(person, isMe)}</span></span>
      ${person.role !== "member" && html`<span class="role" data-test="participant-role">${person.role.replace(/_/g, " ")}</span>`}
      ${isManager && !isMe && html`<${IconButton} name="more" label=${`Manage ${nameOf(person)}`} hook="participant-menu" aria-expanded=${String(isOpen)} onClick=${() => setIsOpen(!isOpen)} />`}
    </div>
    ${isOpen && html`<${Menu} person=${person} conversation=${conversation} />`}
  </li>`;
}
