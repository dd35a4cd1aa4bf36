// The files of a message: pictures are shown, others are linked.
import { html } from "../vendor/htm-preact.js";
import { isSecureAddress, isWebAddress } from "../state/links.js";
import { Icon } from "./icon.js";

const UNITS = ["B", "KB", "MB", "GB"];

function sizeOf(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${UNITS[power]}`;
}

const fileNameOf = ({ url, name }) => name || url.split(/[/?#]/).filter(Boolean).pop() || url;
const isPicture = ({ url, type, name }) =>
  isSecureAddress(url) && (type ? type.startsWith("image/") : /\.(png|jpe?g|gif|webp|avif)$/i.test(name || url.split(/[?#]/)[0]));

const Picture = ({ file }) => html`<a class="attachment-image" href=${file.url} target="_blank" rel="noopener noreferrer" data-test="attachment">
  <img src=${file.url} alt=${fileNameOf(file)} loading="lazy" decoding="async" referrerpolicy="no-referrer" data-test="image" />
</a>`;

function File({ file }) {
  const inside = html`<${Icon} name="file" /><span class="attachment-name">${fileNameOf(file)}</span>${file.size != null && html`<span class="quiet">${sizeOf(file.size)}</span>`}`;
  if (!isWebAddress(file.url)) return html`<span class="attachment-file" data-test="attachment">${inside}</span>`;
  return html`<a class="attachment-file" href=${file.url} target="_blank" rel="noopener noreferrer" data-test="attachment">${inside}</a>`;
}

export const Attachments = ({ files }) =>
  files?.length ? html`<div class="attachments">${files.map((file, key) => (isPicture(file) ? html`<${Picture} file=${file} key=${key} />` : html`<${File} file=${file} key=${key} />`))}</div>` : null;
