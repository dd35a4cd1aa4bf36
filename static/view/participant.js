// Somebody who takes part: presence, role, and for a manager what can be changed.
import { html, useState } from "../vendor/htm-preact.js";
import { changeParticipant, removeParticipant } from "../state/actions.js";
import { STATUS_NAMES, nameOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { Confirm } from "./dialog.js";
import { IconButton } from "./icon.js";

const ROLES = ["member", "admin", "owner"];

function standingOf(person, isMe) {
  const parts = [isMe && "You", person.blocked ? "Blocked" : STATUS_NAMES[person.status], person.muted && "Muted"];
  return parts.filter(Boolean).join(" · ");
}

/** What is asked before somebody is shut out. */
const QUESTIONS = {
  block: (name) => ({ title: `Block ${name}?`, text: "They will not be able to read or write here until somebody unblocks them.", action: "Block" }),
  remove: (name) => ({ title: `Remove ${name}?`, text: "They will not read this conversation any more, until somebody brings them back.", action: "Remove" }),
};

function Menu({ person, conversation }) {
  const session = useSession();
  const [asked, setAsked] = useState(null);
  const attempt = (work) => work.catch((error) => tell(session, error.message));
  const change = (fields) => attempt(changeParticipant(session, conversation.id, person.user_id, fields));
  const confirm = () => {
    setAsked(null);
    if (asked === "block") change({ blocked: true });
    else attempt(removeParticipant(session, conversation.id, person.user_id));
  };
  const roles = ROLES.includes(person.role) ? ROLES : [person.role, ...ROLES];
  return html`<div class="participant-tools">
    <label class="field"><span>Role</span>
      <select data-test="role-select" value=${person.role} onChange=${(event) => change({ role: event.target.value })}>
        ${roles.map((role) => html`<option value=${role} selected=${role === person.role}>${role}</option>`)}
      </select>
    </label>
    <div class="buttons">
      <button type="button" class="button" data-test="mute" onClick=${() => change({ muted: !person.muted })}>${person.muted ? "Unmute" : "Mute"}</button>
      <button type="button" class="button" data-test="block" onClick=${() => (person.blocked ? change({ blocked: false }) : setAsked("block"))}>${person.blocked ? "Unblock" : "Block"}</button>
      <button type="button" class="button button-quiet-danger" data-test="remove" onClick=${() => setAsked("remove")}>Remove</button>
    </div>
    ${asked && html`<${Confirm} ...${QUESTIONS[asked](nameOf(person))} onConfirm=${confirm} onClose=${() => setAsked(null)} />`}
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
