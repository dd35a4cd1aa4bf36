// "edited", and on demand what a message said before.
import { html, useState } from "../vendor/htm-preact.js";
import { earlierWordings } from "../state/actions.js";
import { fullTimeOf, hourOf } from "../state/times.js";
import { useSession } from "../state/session.js";

export function useWordings(message) {
  const session = useSession();
  const [wordings, setWordings] = useState(null);
  const [problem, setProblem] = useState(null);
  const toggle = () => {
    setProblem(null);
    if (wordings) return setWordings(null);
    earlierWordings(session, message.id).then(setWordings, (error) => setProblem(error.message));
  };
  return { wordings, problem, toggle };
}

export function Edited({ message, wordings, onToggle }) {
  return html`<button type="button" class="edited" data-test="edited" aria-expanded=${String(Boolean(wordings))} title=${`Edited ${fullTimeOf(message.edited_at)}`} onClick=${onToggle}>edited</button>`;
}

export function Wordings({ wordings, problem }) {
  if (problem) return html`<p class="form-error" role="alert">${problem}</p>`;
  if (!wordings) return null;
  return html`<div class="wordings" data-test="earlier-wordings">
    <h3>Earlier wordings</h3>
    <ol>${wordings.map((one, key) => html`<li key=${key} data-test="earlier-wording"><span>${one.body}</span> <time datetime=${one.replaced_at}>until ${hourOf(one.replaced_at)}</time></li>`)}</ol>
  </div>`;
}

