// The files of a message: pictures are shown, recordings and films are played, others are linked.
import { html, useState } from "../vendor/htm-preact.js";
import { useFreshLink } from "../state/file-links.js";
import { isSecureAddress, isWebAddress } from "../state/links.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

const UNITS = ["B", "KB", "MB", "GB"];

function sizeOf(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${UNITS[power]}`;
}

const fileNameOf = ({ url, name }) => name || url.split(/[/?#]/).filter(Boolean).pop() || url;
/** A file of this server has a link without an origin, or one of the server's own. */
const isOwn = ({ file_id: id, url }) => Boolean(id) && (url.startsWith("/files/") || isWebAddress(url));
const canShow = (file) => isOwn(file) || isSecureAddress(file.url);
const kindOf = ({ type, name, url }) => {
  if (type) return type.split("/")[0];
  return /\.(png|jpe?g|gif|webp|avif)$/i.test(name || url.split(/[?#]/)[0]) ? "image" : "other";
};
/** What every browser shows or plays in a page. */
const SHOWN = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "video/mp4", "video/webm"];

/** The longest side of a picture that is loaded where it has no preview, in pixels: larger ones may fill a browser's memory. */
const LONGEST_SIDE = 4_096;
const isModest = ({ thumb_url, width, height }) => Boolean(thumb_url) || (width <= LONGEST_SIDE && height <= LONGEST_SIDE);

/** Image, audio, video, or other. Of files elsewhere only pictures are loaded. */
function showingOf(file) {
  const kind = kindOf(file);
  if (!canShow(file)) return "other";
  if (isOwn(file)) return SHOWN.includes(file.type) && (kind !== "image" || isModest(file)) ? kind : "other";
  return kind === "image" ? "image" : "other";
}

function Lightbox({ file, onClose }) {
  return html`<${Dialog} title=${fileNameOf(file)} hook="lightbox" look="lightbox" onClose=${onClose}>
    <img src=${file.view_url ?? file.url} alt=${fileNameOf(file)} referrerpolicy="no-referrer" data-test="lightbox-image" />
    <footer class="dialog-foot"><a class="button" href=${file.url} target="_blank" rel="noopener noreferrer">Open the original</a></footer>
  <//>`;
}

function Picture({ file }) {
  const [isOpen, setIsOpen] = useState(false);
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setIsOpen(true);
  };
  return html`<a class="attachment-image" href=${file.url} target="_blank" rel="noopener noreferrer" data-test="attachment" onClick=${open}>
      <img src=${file.thumb_url ?? file.url} alt=${fileNameOf(file)} loading="lazy" decoding="async" referrerpolicy="no-referrer" data-test="image" />
    </a>
    ${isOpen && html`<${Lightbox} file=${file} onClose=${() => setIsOpen(false)} />`}`;
}

/** How loud a recording is over time. */
const Waveform = ({ numbers }) => html`<svg class="waveform" viewBox=${`0 0 ${numbers.length * 3} 100`} preserveAspectRatio="none" aria-hidden="true" data-test="waveform">
    ${numbers.map((number, at) => html`<rect key=${at} x=${at * 3} width="2" y=${50 - Math.max(number, 4) / 2} height=${Math.max(number, 4)} />`)}
  </svg>`;

const playedFor = (milliseconds) => {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

const Sound = ({ file }) => html`${file.waveform && html`<${Waveform} numbers=${file.waveform} />`}
  ${file.duration_ms && html`<span class="quiet sound-length" data-test="duration">${playedFor(file.duration_ms)}</span>`}
  <audio class="attachment-sound" controls preload="metadata" src=${file.url} aria-label=${fileNameOf(file)} data-test="audio"></audio>`;
const Film = ({ file }) => html`<video class="attachment-film" controls preload="metadata" src=${file.url} aria-label=${fileNameOf(file)} data-test="video"></video>`;

function File({ file }) {
  const inside = html`<${Icon} name="file" /><span class="attachment-name">${fileNameOf(file)}</span>${file.size != null && html`<span class="quiet">${sizeOf(file.size)}</span>`}`;
  if (!isOwn(file) && !isWebAddress(file.url)) return html`<span class="attachment-file" data-test="attachment">${inside}</span>`;
  return html`<a class="attachment-file" href=${file.url} target="_blank" rel="noopener noreferrer" data-test="attachment">${inside}</a>`;
}

/** A file with a link that has not ended. */
function Fresh({ file }) {
  const fresh = useFreshLink(file);
  return html`<${VIEWS[showingOf(fresh)] ?? File} file=${fresh} />`;
}

const VIEWS = { image: Picture, audio: Sound, video: Film, other: File };

export const Attachments = ({ files }) =>
  files?.length ? html`<div class="attachments">${files.map((file, key) => html`<${Fresh} file=${file} key=${file.file_id ?? key} />`)}</div>` : null;
