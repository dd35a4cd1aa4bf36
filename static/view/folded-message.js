// A message of somebody whom I have blocked, in a conversation of several: folded away until I ask for it.
import { html, useState } from "../vendor/htm-preact.js";
import { nameOf, personOf, previewOf } from "../state/names.js";
import { fullTimeOf, hourOf } from "../state/times.js";

export function FoldedMessage({ message, conversation }) {
  const [isOpen, setIsOpen] = useState(false);
  const name = nameOf(personOf(conversation, message.sender_id));
  return html`<div class="system-line" data-test="folded" data-id=${message.id} data-seq=${message.seq}>
    <span dir="auto">${isOpen ? html`<strong>${name}:</strong> <span data-test="folded-words">${previewOf(message)}</span>` : `${name}, whom you blocked, wrote something.`}</span>
    ${" "}<time datetime=${message.created_at} title=${fullTimeOf(message.created_at)}>${hourOf(message.created_at)}</time>
    ${" "}<button type="button" class="link-button" aria-expanded=${String(isOpen)} data-test="fold" onClick=${() => setIsOpen(!isOpen)}>${isOpen ? "Hide" : "Show"}</button>
  </div>`;
}
