// A card of a deal: what is asked, with its buttons or form; afterwards, who did what.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { actionWords, actorName } from "../state/deal-words.js";
import { answerTo, payingAction } from "../state/deals.js";
import { outlineKey } from "../state/acting.js";
import { useChosen, useSession } from "../state/session.js";
import { comingTimeOf, fullTimeOf, pastTimeOf } from "../state/times.js";
import { Icon } from "./icon.js";
import { AvailableActions } from "./available-actions.js";
import { Payment } from "./payment.js";
import { RichText } from "./rich-text.js";

/** What happened to a card that nobody answered, because the same was asked anew. */
const REPLACED = "payment_ready";

function Answer({ card, answer, conversation, outline }) {
  const { me } = useSession();
  if (!answer.action) return html`<p class="card-done" data-test="card-done"><${Icon} name="sent" size="16" />Done</p>`;
  const who = actorName(answer, conversation, me);
  return html`<p class="card-done" data-test="card-done"><${Icon} name="sent" size="16" />
    <span><strong>${who}</strong>: ${actionWords(answer.action, outline, card.actions)}</span>
    ${answer.at && html`<time class="quiet" datetime=${answer.at} title=${fullTimeOf(answer.at)}>${pastTimeOf(answer.at)}</time>`}
  </p>`;
}

/** Keeps the focus at the card when the pressed button is removed. */
function useStaying(place, isOpen) {
  const hadFocus = useRef(false);
  useEffect(() => {
    if (!isOpen && hadFocus.current && document.activeElement === document.body) place.current.focus({ preventScroll: true });
  }, [isOpen]);
  return () => (hadFocus.current = true);
}

function Open({ message, conversation, outline }) {
  const card = message.action;
  const [opensCheckout, setOpensCheckout] = useState(false);
  return html`
    ${card.payment_order && html`<${Payment} card=${card} conversation=${conversation} isOpen=${opensCheckout} onClose=${() => setOpensCheckout(false)} />`}
    <${AvailableActions} availableActions=${card.actions} id=${message.id} conversation=${conversation} version=${card.state_version} outline=${outline}
      onDone=${(available) => setOpensCheckout(available === payingAction(card))} />
    ${card.deadline && card.actions.length > 0 && html`<p class="card-deadline quiet" data-test="card-deadline"><${Icon} name="clock" size="16" />
      <span>Until <time datetime=${card.deadline} title=${fullTimeOf(card.deadline)}>${comingTimeOf(card.deadline)}</time></span></p>`}`;
}

export function ActionCard({ row, conversation }) {
  const { message } = row;
  const card = message.action;
  const steps = useChosen((state) => state.steps[conversation.id]);
  const outline = useChosen((state) => conversation.flow && state.outlines[outlineKey(conversation.flow)]);
  const answer = answerTo(card, steps, conversation.flow);
  const place = useRef(null);
  const note = useStaying(place, !answer);
  if (answer?.action === REPLACED) return null;
  const title = `card-${message.id}`;
  return html`<article class=${`action-card ${answer ? "is-done" : "is-open"}`} ref=${place} tabindex="-1" aria-labelledby=${title} data-test="action-card" data-id=${message.id}
    data-seq=${message.seq} data-state=${answer ? "done" : "open"} data-version=${card.state_version} onfocusin=${note}>
    <h3 id=${title} dir="auto" data-test="card-title">${card.title}</h3>
    ${card.subtitle && html`<p class="card-line" dir="auto" data-test="card-line"><${RichText} text=${card.subtitle} /></p>`}
    ${answer ? html`<${Answer} card=${card} answer=${answer} conversation=${conversation} outline=${outline} />` : html`<${Open} message=${message} conversation=${conversation} outline=${outline} />`}
  </article>`;
}
