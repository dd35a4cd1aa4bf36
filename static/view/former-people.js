// Those who took part: a manager can bring them back, as far as the server allows.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { addParticipant } from "../state/actions.js";
import { nameOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { useAttempt } from "./attempt.js";
import { Avatar } from "./avatar.js";
import { FormError } from "./dialog.js";

function Former({ person, conversation }) {
  const session = useSession();
  const { attempt, problem, isWaiting } = useAttempt();
  const bringBack = () => attempt(() => addParticipant(session, conversation.id, person.user_id));
  return html`<li class="participant" data-test="former-participant" data-id=${person.user_id}>
    <div class="participant-line">
      <${Avatar} person=${person} size="small" />
      <span class="person-words"><span dir="auto">${nameOf(person)}</span></span>
      <button type="button" class="button" disabled=${isWaiting} aria-label=${`Bring back ${nameOf(person)}`} data-test="bring-back" onClick=${bringBack}>Bring back</button>
    </div>
    <${FormError} text=${problem} />
  </li>`;
}

export function FormerPeople({ conversation }) {
  const people = conversation.former_participants ?? [];
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    if (!people.length) setIsOpen(false);
  }, [people.length]);
  if (!people.length) return null;
  return html`<div class="former">
    <button type="button" class="link-button" aria-expanded=${String(isOpen)} data-test="former-people" onClick=${() => setIsOpen(!isOpen)}>
      ${people.length === 1 ? "1 person is gone" : `${people.length} people are gone`}
    </button>
    ${isOpen && html`<ul class="participants">${people.map((person) => html`<${Former} key=${person.user_id} person=${person} conversation=${conversation} />`)}</ul>`}
  </div>`;
}
