// Somebody's picture or initials, with a dot for their presence.
import { html } from "../vendor/htm-preact.js";
import { STATUS_NAMES, nameOf } from "../state/names.js";
import { Icon } from "./icon.js";

const TINTS = 8;

/** Always the same tint for the same person. */
function tintOf(id) {
  let sum = 0;
  for (const letter of String(id)) sum = Math.imul(sum ^ letter.codePointAt(0), 0x01000193);
  return (sum >>> 8) % TINTS;
}

function initialsOf(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

const isSafePicture = (url) => /^https:\/\//i.test(url ?? "");

export function Presence({ status }) {
  const name = STATUS_NAMES[status] ?? STATUS_NAMES.offline;
  return html`<span class=${`presence presence-${status}`} data-test="presence" data-status=${status} role="img" aria-label=${name} title=${name}></span>`;
}

export function Avatar({ person, size = "medium", showsPresence = false }) {
  const picture = isSafePicture(person.avatar_url)
    ? html`<img src=${person.avatar_url} alt="" loading="lazy" />`
    : html`<span aria-hidden="true">${initialsOf(nameOf(person))}</span>`;
  return html`<span class=${`avatar avatar-${size} tint-${tintOf(person.user_id)}`}>
    ${picture}${showsPresence && html`<${Presence} status=${person.status ?? "offline"} />`}
  </span>`;
}

/** A group has no face. */
export const GroupAvatar = ({ id, size = "medium" }) =>
  html`<span class=${`avatar avatar-${size} avatar-group tint-${tintOf(id)}`}><${Icon} name="people" /></span>`;
