// The files that wait in the composer: how far each is, and how to be rid of it.
import { html } from "../vendor/htm-preact.js";
import { Icon, IconButton } from "./icon.js";

const percentOf = ({ sent, size }) => Math.floor((100 * sent) / Math.max(size, 1));

function Progress({ file }) {
  if (file.state === "sending") {
    return html`<progress max="100" value=${percentOf(file)} aria-label=${`Uploading ${file.name}`} data-test="upload-progress">${percentOf(file)} %</progress>`;
  }
  if (file.state === "checking") return html`<span class="quiet" role="status">Checking…</span>`;
  return null;
}

function Chip({ file, onRemove, onRetry }) {
  const isOver = file.state === "ready" || file.state === "failed";
  return html`<li class=${`chip is-${file.state}`} data-test="attachment-chip" data-state=${file.state}>
    <${Icon} name=${file.state === "failed" ? "alert" : "file"} size="16" /><span>${file.name}</span>
    <${Progress} file=${file} />
    ${file.state === "failed" && html`<span class="chip-problem" role="alert" data-test="upload-problem">${file.problem}</span>
      <button type="button" class="link-button" data-test="upload-retry" onClick=${() => onRetry(file)}>Again</button>`}
    <${IconButton} name="close" label=${`${isOver ? "Remove" : "Cancel"} ${file.name}`} hook="upload-cancel" onClick=${() => onRemove(file)} />
  </li>`;
}

export const Chips = ({ files, onRemove, onRetry }) =>
  files.length
    ? html`<ul class="chips" aria-label="Files to send">${files.map((file) => html`<${Chip} key=${file.key} file=${file} onRemove=${onRemove} onRetry=${onRetry} />`)}</ul>`
    : null;
