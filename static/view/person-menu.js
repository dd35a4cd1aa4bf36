// What I can do about somebody: block them for myself, and as a manager mute, block or remove them here and change their role.
import { html, useState } from "../vendor/htm-preact.js";
import { changeParticipant, removeParticipant } from "../state/actions.js";
import { block, unblock } from "../state/blocks.js";
import { nameOf, wordsOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { useAttempt } from "./attempt.js";
import { Confirm, FormError } from "./dialog.js";

const ROLES = ["member", "admin", "owner"];

/** What is asked before somebody is shut out. */
const QUESTIONS = {
  person: (name) => ({
    title: `Block ${name}?`,
    text: "You cannot write to each other any more, and neither sees when the other is online. In groups, their messages are folded away for you. They are not told.",
    action: "Block",
  }),
  here: (name) => ({ title: `Block ${name} here?`, text: "They will not be able to read or write in this conversation until somebody unblocks them.", action: "Block here" }),
  remove: (name) => ({ title: `Remove ${name}?`, text: "They will not read this conversation any more, until somebody brings them back.", action: "Remove" }),
};

function Role({ person, isWaiting, onChange }) {
  const roles = ROLES.includes(person.role) ? ROLES : [person.role, ...ROLES];
  const change = (event) => {
    const role = event.target.value;
    // Until the server has agreed, the old one is shown.
    event.target.value = person.role;
    onChange({ role });
  };
  return html`<label class="field"><span>Role</span>
    <select data-test="role-select" disabled=${isWaiting} value=${person.role} onChange=${change}>
      ${roles.map((role) => html`<option value=${role} key=${role} selected=${role === person.role}>${wordsOf(role)}</option>`)}
    </select>
  </label>`;
}

/** What a manager can do; what shuts somebody out is asked first. */
function Managing({ person, onChange, onAsk }) {
  return html`<button type="button" class="button" title="Muted people can read, and not write" data-test="mute" onClick=${() => onChange({ muted: !person.muted })}>${person.muted ? "Unmute" : "Mute"}</button>
    <button type="button" class="button button-quiet-danger" data-test="remove" onClick=${() => onAsk("remove")}>Remove</button>
    <button type="button" class="button" data-test="block" onClick=${() => (person.blocked ? onChange({ blocked: false }) : onAsk("here"))}>${person.blocked ? "Unblock here" : "Block here"}</button>`;
}

export function PersonMenu({ person, conversation, isManager, isBlockedByMe }) {
  const session = useSession();
  const { attempt, problem, isWaiting } = useAttempt();
  const [asked, setAsked] = useState(null);
  const { user_id: id } = person;
  const change = (fields) => attempt(() => changeParticipant(session, conversation.id, id, fields));
  const works = {
    person: () => block(session, id),
    here: () => changeParticipant(session, conversation.id, id, { blocked: true }),
    remove: () => removeParticipant(session, conversation.id, id),
  };
  const confirm = () => {
    setAsked(null);
    attempt(works[asked]);
  };
  const turn = () => (isBlockedByMe ? attempt(() => unblock(session, id)) : setAsked("person"));
  return html`<div class="participant-tools" data-test="person-menu">
    ${isManager && html`<${Role} person=${person} isWaiting=${isWaiting} onChange=${change} />`}
    <div class="buttons">
      ${isManager && html`<${Managing} person=${person} onChange=${change} onAsk=${setAsked} />`}
      <button type="button" class="button" data-test="block-person" onClick=${turn}>${`${isBlockedByMe ? "Unblock" : "Block"}${isManager ? " for you" : ""}`}</button>
    </div>
    <${FormError} text=${problem} />
    ${asked && html`<${Confirm} ...${QUESTIONS[asked](nameOf(person))} onConfirm=${confirm} onClose=${() => setAsked(null)} />`}
  </div>`;
}
