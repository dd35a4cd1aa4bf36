// An icon. It only decorates: whatever carries it has a name of its own.
import { html } from "../vendor/htm-preact.js";
import { DRAWINGS } from "./drawings.js";

export const Icon = ({ name, size = 20 }) =>
  html`<svg class="icon" viewBox="0 0 20 20" width=${size} height=${size} aria-hidden="true" focusable="false">${DRAWINGS[name]}</svg>`;

/** A button that is an icon and has its name as a label. */
export const IconButton = ({ name, label, hook, look = "", ...rest }) =>
  html`<button type="button" class=${`icon-button ${look}`} aria-label=${label} title=${label} data-test=${hook} ...${rest}><${Icon} name=${name} /></button>`;
