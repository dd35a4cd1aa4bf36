// The dialog for a new conversation: one person, or several and a title.
import { html, useState } from "../vendor/htm-preact.js";
import { startConversation } from "../state/actions.js";
import { acquaintances } from "../state/acquaintances.js";
import { nameOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { Dialog, FormError } from "./dialog.js";

const Option = ({ person, isChosen, onToggle }) => html`<li>
  <label class="person-option" data-test="person-option" data-id=${person.user_id}>
    <input type="checkbox" checked=${isChosen} onChange=${onToggle} />
    <${Avatar} person=${person} size="small" />
    <span class="person-words"><span>${nameOf(person)}</span>${person.about && html`<span class="quiet">${person.about}</span>`}</span>
  </label>
</li>`;

/** A user who is not known yet can be named by the platform's id. */
function withStranger(people, search) {
  const id = search.trim();
  const isId = /^[A-Za-z0-9._:@-]{1,128}$/.test(id);
  return people.length || !isId ? people : [{ user_id: id, about: "By this user id" }];
}

function usePeople(chosen) {
  const session = useSession();
  const [search, setSearch] = useState("");
  const known = acquaintances(session);
  const found = known.filter((person) => `${nameOf(person)} ${person.user_id}`.toLowerCase().includes(search.trim().toLowerCase()));
  const strangers = chosen.filter((id) => !known.some((person) => person.user_id === id)).map((user_id) => ({ user_id }));
  const offered = withStranger(found, search).filter((person) => !chosen.includes(person.user_id) || found.includes(person));
  return { search, setSearch, offered: [...strangers, ...offered] };
}

export function NewConversation({ onClose }) {
  const session = useSession();
  const [chosen, setChosen] = useState([]);
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState(null);
  const { search, setSearch, offered } = usePeople(chosen);
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  const submit = (event) => {
    event.preventDefault();
    startConversation(session, { userIds: chosen, title: title.trim() }).then(onClose, (error) => setProblem(error.message));
  };
  const isGroup = chosen.length > 1;
  return html`<${Dialog} title="New conversation" hook="new-conversation-dialog" onClose=${onClose}>
    <form class="new-conversation" onSubmit=${submit}>
      <label class="field"><span>With whom?</span>
        <input type="search" autofocus placeholder="A name" autocomplete="off" data-test="person-search" value=${search} onInput=${(event) => setSearch(event.target.value)} />
      </label>
      <ul class="person-options" aria-label="People">
        ${offered.map((person) => html`<${Option} key=${person.user_id} person=${person} isChosen=${chosen.includes(person.user_id)} onToggle=${() => toggle(person.user_id)} />`)}
      </ul>
      ${isGroup && html`<label class="field"><span>Title of the group</span>
        <input maxlength="200" placeholder="What is it about?" data-test="group-title" value=${title} onInput=${(event) => setTitle(event.target.value)} />
      </label>`}
      <${FormError} text=${problem} />
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button class="button button-primary" disabled=${!chosen.length} data-test="start-conversation">${isGroup ? "Start a group" : "Start"}</button>
      </footer>
    </form>
  <//>`;
}
