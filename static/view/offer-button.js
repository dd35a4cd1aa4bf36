// A button of a deal, in its style; one that ends the deal asks first.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";

const STYLES = ["success", "danger", "warning", "primary", "secondary"];

export const styleOf = ({ style }) => `offer-${STYLES.includes(style) ? style : "secondary"}`;

/** The question in the button's place, with the way back as the one that Enter presses. */
function Sure({ offer, onYes, onNo }) {
  const back = useRef(null);
  useEffect(() => back.current.focus(), []);
  const press = (event) => event.key === "Escape" && onNo();
  return html`<span class="sure" role="group" aria-label=${`${offer.label}: this ends the deal`} onKeyDown=${press}>
    <span>This ends the deal.</span>
    <button type="button" class=${`button ${styleOf({ style: "danger" })}`} data-test="offer-sure" data-action=${offer.action} onClick=${onYes}>${offer.label}</button>
    <button type="button" class="button" ref=${back} data-test="offer-back" onClick=${onNo}>Keep it</button>
  </span>`;
}

export function OfferButton({ offer, isBusy, endsDeal, onPress }) {
  const [isAsking, setIsAsking] = useState(false);
  const yes = () => {
    setIsAsking(false);
    onPress();
  };
  if (isAsking) return html`<${Sure} offer=${offer} onYes=${yes} onNo=${() => setIsAsking(false)} />`;
  const press = () => !isBusy && (endsDeal ? setIsAsking(true) : onPress());
  return html`<button type="button" class=${`button ${styleOf(offer)}`} aria-disabled=${isBusy ? "true" : null} data-test="offer" data-action=${offer.action}
    onClick=${press}>${offer.label}${offer.input.length > 0 && " …"}</button>`;
}
