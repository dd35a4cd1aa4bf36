// Bringing somebody into a group: one of those who are known, or anybody by the platform's id.
import { html, useState } from "../vendor/htm-preact.js";
import { acquaintances } from "../state/acquaintances.js";
import { addParticipant } from "../state/actions.js";
import { nameOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { FormError } from "./dialog.js";

export function AddParticipant({ conversation }) {
  const session = useSession();
  const [userId, setUserId] = useState("");
  const [problem, setProblem] = useState(null);
  const isHere = (person) => conversation.participants.some((one) => one.user_id === person.user_id);
  const offered = acquaintances(session).filter((person) => !isHere(person));
  const change = (event) => setUserId(event.target.value.trim());
  const submit = (event) => {
    event.preventDefault();
    setProblem(null);
    addParticipant(session, conversation.id, userId).then(() => setUserId(""), (error) => setProblem(error.message));
  };
  const choice = session.people
    ? html`<select data-test="add-participant" value=${userId} onChange=${change}>
        <option value="">Choose …</option>
        ${offered.map((person) => html`<option value=${person.user_id} key=${person.user_id}>${nameOf(person)}</option>`)}
      </select>`
    : html`<input data-test="add-participant" placeholder="User id" autocomplete="off" value=${userId} onInput=${change} />`;
  return html`<form class="inline-form" onSubmit=${submit}>
    <label class="field"><span>Add somebody</span>${choice}</label>
    <button class="button" disabled=${!userId} data-test="add">Add</button>
    <${FormError} text=${problem} />
  </form>`;
}
