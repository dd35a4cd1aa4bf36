// How far one's own message has come: a clock, one tick, two, two in colour.
import { html } from "../vendor/htm-preact.js";
import { Icon } from "./icon.js";

const NAMES = { pending: "Waiting to be sent", sent: "Stored", delivered: "Delivered", seen: "Seen", failed: "Not sent" };
const ICONS = { pending: "clock", sent: "sent", delivered: "delivered", seen: "delivered", failed: "alert" };

export const Tick = ({ state, title }) =>
  html`<span class=${`tick tick-${state}`} data-test="tick" role="img" aria-label=${NAMES[state]} title=${title ?? NAMES[state]}><${Icon} name=${ICONS[state]} size="16" /></span>`;
