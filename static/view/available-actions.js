// What somebody may do: buttons, and a form in their place where one of them needs more than a press.
import { html, useState } from "../vendor/htm-preact.js";
import { act } from "../state/acting.js";
import { endsDeal } from "../state/deal-map.js";
import { useSession } from "../state/session.js";
import { FormError } from "./dialog.js";
import { ActionButton } from "./action-button.js";
import { ActionForm } from "./action-form.js";

/** The one action that everybody expects here: its form needs no button to open it. */
function expected(availableActions) {
  const main = availableActions.filter(({ style }) => style !== "secondary");
  return main.length === 1 && main[0].input.length > 0 && main[0].style !== "danger" ? main[0] : null;
}

/** Pressing, and what comes of it. */
function useActing({ conversation, version, onDone }) {
  const session = useSession();
  const [problem, setProblem] = useState(null);
  const [isBusy, setIsBusy] = useState(false);
  const send = async (available, input) => {
    setIsBusy(true);
    setProblem(null);
    try {
      await act(session, conversation.id, available, input, version);
      onDone?.(available);
    } finally {
      setIsBusy(false);
    }
  };
  const press = (available) => send(available, {}).catch((error) => setProblem(error.message));
  return { problem, isBusy, send, press };
}

export function AvailableActions({ availableActions, id, conversation, version, outline, onDone }) {
  const acting = useActing({ conversation, version, onDone });
  const main = expected(availableActions);
  const [chosen, setChosen] = useState(null);
  const filled = availableActions.find((available) => available.action === chosen) ?? main;
  const choose = (available) => (available.input.length ? setChosen(available.action) : acting.press(available));
  const shown = filled && filled !== main ? [] : availableActions.filter((available) => available !== filled);
  const buttons = shown.map((available) => html`<${ActionButton} key=${available.action} available=${available} isBusy=${acting.isBusy} endsDeal=${endsDeal(available, outline)}
    onPress=${() => choose(available)} />`);
  const back = filled && filled !== main && html`<button type="button" class="button" data-test="action-cancel" onClick=${() => setChosen(null)}>Back</button>`;
  const form = filled && html`<${ActionForm} key=${filled.action} available=${filled} id=${`${id}-${filled.action}`} draftKey=${`${id}.${filled.action}`} takesFocus=${filled !== main}
    onSend=${(input) => acting.send(filled, input)}>${back}${buttons}<//>`;
  if (!availableActions.length) return null;
  return html`<div class="available-actions">
    ${form || html`<div class="buttons">${buttons}</div>`}
    <${FormError} text=${acting.problem} />
    ${acting.isBusy && html`<p class="visually-hidden" role="status">Sending …</p>`}
  </div>`;
}
