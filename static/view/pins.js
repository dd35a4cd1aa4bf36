// The pinned messages of a conversation, above its messages: the newest one, and how many there are.
import { html, useState } from "../vendor/htm-preact.js";
import { previewOf } from "../state/names.js";
import { goToMessage } from "../state/searching.js";
import { useChosen, useSession } from "../state/session.js";
import { Icon } from "./icon.js";

function Pin({ message }) {
  const session = useSession();
  return html`<button type="button" class="pin" data-test="pin" data-id=${message.id} onClick=${() => goToMessage(session, message)}>
    <${Icon} name="pin" size="16" /><span class="pin-text" dir="auto">${previewOf(message)}</span>
  </button>`;
}

const NONE = [];

export function Pins({ conversation }) {
  const pins = useChosen((state) => state.pins[conversation.id]) ?? NONE;
  const [showsAll, setShowsAll] = useState(false);
  if (!pins.length) return null;
  const shown = showsAll ? pins : pins.slice(0, 1);
  return html`<section class="pins" aria-label="Pinned messages" data-test="pins">
    <ul>${shown.map((message) => html`<li key=${message.id}><${Pin} message=${message} /></li>`)}</ul>
    ${pins.length > 1 && html`<button type="button" class="link-button" aria-expanded=${String(showsAll)} data-test="all-pins"
      onClick=${() => setShowsAll(!showsAll)}>${showsAll ? "Show one" : `Show all ${pins.length}`}</button>`}
  </section>`;
}
