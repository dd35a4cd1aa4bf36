// Every step of a deal: when, who, what, what they filled in, where it led.
import { html, useEffect } from "../vendor/htm-preact.js";
import { loadSteps } from "../state/acting.js";
import { actionWords, actorName } from "../state/deal-words.js";
import { titleOfState } from "../state/deal-map.js";
import { shownMoney } from "../state/money.js";
import { wordsOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { fullTimeOf, pastTimeOf } from "../state/times.js";
import { Dialog } from "./dialog.js";
import { RichText } from "./rich-text.js";

const shown = (value) => (value?.currency ? shownMoney(value) : String(value));

/** What was filled in, where the reader may know it. */
function Input({ input }) {
  const given = Object.entries(input ?? {});
  return given.length
    ? html`<dl class="log-input">${given.map(([name, value]) => html`<div key=${name}><dt>${wordsOf(name)}</dt><dd><${RichText} text=${shown(value)} /></dd></div>`)}</dl>`
    : null;
}

function Step({ step, conversation, outline }) {
  const { me } = useSession();
  const moves = step.previous_state !== step.new_state;
  return html`<li class="log-step" data-test="log-step" data-action=${step.action} data-state=${step.new_state}>
    <p><strong>${actorName(step, conversation, me)}</strong>: ${actionWords(step.action, outline)}
      ${step.reason && html` <span class="quiet">(${wordsOf(step.reason).toLowerCase()})</span>`}
      <time class="quiet" datetime=${step.timestamp} title=${fullTimeOf(step.timestamp)}>${pastTimeOf(step.timestamp)}</time></p>
    <${Input} input=${step.input} />
    ${moves && html`<p class="quiet log-state"><span aria-hidden="true">→ </span><span class="visually-hidden">Then: </span>${titleOfState(outline, step.new_state)}</p>`}
  </li>`;
}

export function DealLog({ conversation, outline, onClose }) {
  const session = useSession();
  const steps = useChosen((state) => state.steps[conversation.id]) ?? [];
  useEffect(() => {
    loadSteps(session, conversation.id);
  }, [conversation.flow.state_version]);
  return html`<${Dialog} title="What happened" hook="deal-log" onClose=${onClose}>
    <ol class="log-steps">${steps.map((step) => html`<${Step} key=${step.seq} step=${step} conversation=${conversation} outline=${outline} />`)}</ol>
  <//>`;
}
