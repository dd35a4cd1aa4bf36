// Those who are offered while somebody types a name behind an @.
import { html } from "../vendor/htm-preact.js";
import { nameOf } from "../state/names.js";
import { Avatar } from "./avatar.js";
import { idOf } from "./mentioning.js";

/** The focus stays in the text: the keys of mentioning.js reach the names. */
export function MentionOptions({ mentioning, list }) {
  const { offered, at, choose } = mentioning;
  const told = html`<p class="visually-hidden" role="status">${offered.length ? `${offered.length} names: choose with the arrow keys and Enter` : ""}</p>`;
  if (!offered.length) return told;
  const hold = (event) => event.preventDefault();
  return html`${told}<ul class="mention-options" role="listbox" id=${list} aria-label="Mention somebody" data-test="mention-options">
    ${offered.map((person, index) => html`<li key=${person.user_id} role="option" id=${idOf(list, person)} aria-selected=${String(index === at)} data-test="mention-option" data-id=${person.user_id}
      onMouseDown=${hold} onClick=${() => choose(person)}>
      <${Avatar} person=${person} size="small" /><span>${nameOf(person)}</span>
    </li>`)}
  </ul>`;
}
