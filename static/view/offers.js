// What somebody may do: buttons, and a form in their place where one of them needs more than a press.
import { html, useState } from "../vendor/htm-preact.js";
import { act } from "../state/acting.js";
import { endsDeal } from "../state/deal-map.js";
import { useSession } from "../state/session.js";
import { FormError } from "./dialog.js";
import { OfferButton } from "./offer-button.js";
import { OfferForm } from "./offer-form.js";

/** The one action that everybody expects here: its form needs no button to open it. */
function expected(offers) {
  const main = offers.filter(({ style }) => style !== "secondary");
  return main.length === 1 && main[0].input.length > 0 && main[0].style !== "danger" ? main[0] : null;
}

/** Pressing, and what comes of it. */
function useActing({ conversation, version, onDone }) {
  const session = useSession();
  const [problem, setProblem] = useState(null);
  const [isBusy, setIsBusy] = useState(false);
  const send = async (offer, input) => {
    setIsBusy(true);
    setProblem(null);
    try {
      await act(session, conversation.id, offer, input, version);
      onDone?.(offer);
    } finally {
      setIsBusy(false);
    }
  };
  const press = (offer) => send(offer, {}).catch((error) => setProblem(error.message));
  return { problem, isBusy, send, press };
}

export function Offers({ offers, id, conversation, version, outline, onDone }) {
  const acting = useActing({ conversation, version, onDone });
  const main = expected(offers);
  const [chosen, setChosen] = useState(null);
  const filled = offers.find((offer) => offer.action === chosen) ?? main;
  const choose = (offer) => (offer.input.length ? setChosen(offer.action) : acting.press(offer));
  const shown = filled && filled !== main ? [] : offers.filter((offer) => offer !== filled);
  const buttons = shown.map((offer) => html`<${OfferButton} key=${offer.action} offer=${offer} isBusy=${acting.isBusy} endsDeal=${endsDeal(offer, outline)}
    onPress=${() => choose(offer)} />`);
  const back = filled && filled !== main && html`<button type="button" class="button" data-test="offer-cancel" onClick=${() => setChosen(null)}>Back</button>`;
  const form = filled && html`<${OfferForm} key=${filled.action} offer=${filled} id=${`${id}-${filled.action}`} draftKey=${`${id}.${filled.action}`} takesFocus=${filled !== main}
    onSend=${(input) => acting.send(filled, input)}>${back}${buttons}<//>`;
  if (!offers.length) return null;
  return html`<div class="offers">
    ${form || html`<div class="buttons">${buttons}</div>`}
    <${FormError} text=${acting.problem} />
    ${acting.isBusy && html`<p class="visually-hidden" role="status">Sending …</p>`}
  </div>`;
}
