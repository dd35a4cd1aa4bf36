// Whom I have blocked, and who may begin a conversation with me.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { changeAccept, loadBlocks, readAccept, unblock } from "../state/blocks.js";
import { nameOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { shortDateOf } from "../state/times.js";
import { useAttempt } from "./attempt.js";
import { Avatar } from "./avatar.js";
import { Dialog, FormError } from "./dialog.js";

const ACCEPT = { everyone: "Everybody", met: "People I already talk with", nobody: "Nobody" };

function Accept() {
  const session = useSession();
  const [accept, setAccept] = useState(null);
  const { attempt, problem } = useAttempt();
  useEffect(() => void attempt(async () => setAccept(await readAccept(session))), []);
  const change = (event) => {
    const wanted = event.target.value;
    event.target.value = accept;
    attempt(async () => setAccept(await changeAccept(session, wanted)));
  };
  return html`<label class="field"><span>Who may begin a conversation with you?</span>
      <select data-test="accept" disabled=${accept === null} value=${accept} onChange=${change}>
        ${Object.entries(ACCEPT).map(([name, label]) => html`<option value=${name} key=${name} selected=${name === accept}>${label}</option>`)}
      </select>
    </label>
    <${FormError} text=${problem} />`;
}

function Blocked({ person }) {
  const session = useSession();
  const { attempt, problem, isWaiting } = useAttempt();
  return html`<li data-test="blocked-person" data-id=${person.user_id}>
    <div class="participant-line">
      <${Avatar} person=${person} size="small" />
      <span class="person-words"><span dir="auto">${nameOf(person)}</span><span class="quiet">Since ${shortDateOf(person.blocked_at)}</span></span>
      <button type="button" class="button" disabled=${isWaiting} aria-label=${`Unblock ${nameOf(person)}`} data-test="unblock" onClick=${() => attempt(() => unblock(session, person.user_id))}>Unblock</button>
    </div>
    <${FormError} text=${problem} />
  </li>`;
}

export function PrivacyDialog({ onClose }) {
  const session = useSession();
  const blocked = useChosen((state) => state.blocked);
  const { attempt, problem } = useAttempt();
  useEffect(() => void attempt(() => loadBlocks(session)), []);
  return html`<${Dialog} title="Privacy" hook="privacy-dialog" onClose=${onClose}>
    <${Accept} />
    <section>
      <h3>People you blocked</h3>
      <${FormError} text=${problem} />
      ${blocked.length === 0 && !problem && html`<p class="quiet" data-test="nobody-blocked">Nobody. You can block somebody beside their name, in a conversation.</p>`}
      <ul class="participants">${blocked.map((person) => html`<${Blocked} key=${person.user_id} person=${person} />`)}</ul>
    </section>
  <//>`;
}
