// Adding a file by its address.
import { html, useState } from "../vendor/htm-preact.js";
import { isSecureAddress } from "../state/links.js";
import { Dialog, FormError } from "./dialog.js";

const TYPES = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", avif: "image/avif", pdf: "application/pdf" };

/** The media type as the name suggests it; absent where it suggests none. */
function typeOf(name) {
  const ending = name.split(".").pop().toLowerCase();
  return TYPES[ending] ? { type: TYPES[ending] } : {};
}

export function AttachmentDialog({ onAdd, onClose }) {
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [problem, setProblem] = useState(null);
  const add = (event) => {
    event.preventDefault();
    const address = url.trim();
    if (!isSecureAddress(address)) return setProblem("The address must begin with https://");
    const suggested = new URL(address).pathname.split("/").pop();
    onAdd({ url: address, name: name.trim() || suggested || address, ...typeOf(suggested || name) });
    onClose();
  };
  return html`<${Dialog} title="Attach a file" hook="attachment-dialog" onClose=${onClose}>
    <form class="form" onSubmit=${add}>
      <label class="field"><span>Its address</span>
        <input inputmode="url" autofocus required placeholder="https://" autocomplete="off" data-test="attachment-url" value=${url} onInput=${(event) => setUrl(event.target.value)} />
      </label>
      <label class="field"><span>Its name, if you like</span>
        <input autocomplete="off" data-test="attachment-name" value=${name} onInput=${(event) => setName(event.target.value)} />
      </label>
      <${FormError} text=${problem} />
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button class="button button-primary" data-test="attachment-add">Attach</button>
      </footer>
    </form>
  <//>`;
}
