// Those who are offered while somebody types a name behind an @.
import { html } from "../vendor/htm-preact.js";
import { nameOf } from "../state/names.js";
import { Avatar } from "./avatar.js";

export function MentionOptions({ people, onChoose }) {
  if (!people.length) return null;
  return html`<ul class="mention-options" aria-label="Mention somebody" data-test="mention-options">
    ${people.map((person) => html`<li key=${person.user_id}><button type="button" data-test="mention-option" data-id=${person.user_id} onClick=${() => onChoose(person)}>
      <${Avatar} person=${person} size="small" /><span>${nameOf(person)}</span>
    </button></li>`)}
  </ul>`;
}
