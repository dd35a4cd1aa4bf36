// A modal dialog of the browser's own, which keeps the focus inside, closes on Escape and gives the focus back.
import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import { IconButton } from "./icon.js";

export function Dialog({ title, hook, look = "", onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const closeOutside = (event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${`dialog ${look}`} data-test=${hook} aria-labelledby=${`${hook}-title`} onClose=${onClose} onMouseDown=${closeOutside}>
    <div class="dialog-inside">
      <header class="dialog-head">
        <h2 id=${`${hook}-title`}>${title}</h2>
        <${IconButton} name="close" label="Close" hook="dismiss" onClick=${onClose} />
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, text, action, onConfirm, onClose }) {
  return html`<${Dialog} title=${title} hook="confirm-dialog" onClose=${onClose}>
    <p class="dialog-text">${text}</p>
    <footer class="dialog-foot">
      <button type="button" class="button" onClick=${onClose}>Cancel</button>
      <button type="button" class="button button-danger" data-test="confirm" onClick=${onConfirm}>${action}</button>
    </footer>
  <//>`;
}

/** What went wrong with a form, said aloud. */
export const FormError = ({ text, id }) => (text ? html`<p class="form-error" role="alert" id=${id} data-test="form-error">${text}</p>` : null);
