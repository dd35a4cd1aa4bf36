// A text with its addresses made clickable. Everything else is shown as it was typed.
import { html } from "../vendor/htm-preact.js";
import { splitLinks } from "../state/links.js";

export const RichText = ({ text }) =>
  splitLinks(text).map((piece, key) =>
    piece.href ? html`<a key=${key} href=${piece.href} target="_blank" rel="noopener noreferrer">${piece.text}</a>` : piece.text,
  );
