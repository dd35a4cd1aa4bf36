// A button of a deal, in its style; one that ends the deal asks first.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";

const STYLES = ["success", "danger", "warning", "primary", "secondary"];

export const styleOf = ({ style }) => `action-${STYLES.includes(style) ? style : "secondary"}`;

/** The question in the button's place, with the way back as the one that Enter presses. */
function Sure({ available, onYes, onNo }) {
  const back = useRef(null);
  useEffect(() => back.current.focus(), []);
  const press = (event) => event.key === "Escape" && onNo();
  return html`<span class="sure" role="group" aria-label=${`${available.label}: this ends the deal`} onKeyDown=${press}>
    <span>This ends the deal.</span>
    <button type="button" class=${`button ${styleOf({ style: "danger" })}`} data-test="action-sure" data-action=${available.action} onClick=${onYes}>${available.label}</button>
    <button type="button" class="button" ref=${back} data-test="action-back" onClick=${onNo}>Keep it</button>
  </span>`;
}

export function ActionButton({ available, isBusy, endsDeal, onPress }) {
  const [isAsking, setIsAsking] = useState(false);
  const yes = () => {
    setIsAsking(false);
    onPress();
  };
  if (isAsking) return html`<${Sure} available=${available} onYes=${yes} onNo=${() => setIsAsking(false)} />`;
  const press = () => !isBusy && (endsDeal ? setIsAsking(true) : onPress());
  return html`<button type="button" class=${`button ${styleOf(available)}`} aria-disabled=${isBusy ? "true" : null} data-test="action" data-action=${available.action}
    onClick=${press}>${available.label}${available.input.length > 0 && " …"}</button>`;
}
