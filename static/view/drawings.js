// The drawings of all icons. They are part of the page, so that one that is needed first when the network is away is there.
import { html } from "../vendor/htm-preact.js";

export const DRAWINGS = {
  alert: html`<circle cx="10" cy="10" r="7.25"/><path d="M10 6.5v4M10 13.3v.2"/>`,
  back: html`<path d="M12.5 4.5 7 10l5.5 5.5"/>`,
  bell: html`<path d="M5 13.5V9a5 5 0 0 1 10 0v4.5l1.25 1.5H3.75zM8.5 17.25h3"/>`,
  clip: html`<path d="m15.5 9.5-5.7 5.7a3.3 3.3 0 0 1-4.7-4.7l6-6a2.2 2.2 0 0 1 3.1 3.1l-5.9 5.9a1.1 1.1 0 0 1-1.6-1.6l5.4-5.3"/>`,
  clock: html`<circle cx="10" cy="10" r="6.25"/><path d="M10 6.5V10l2.25 1.5"/>`,
  close: html`<path d="m5.5 5.5 9 9M14.5 5.5l-9 9"/>`,
  compose: html`<path d="M16 10.5v4.25A1.75 1.75 0 0 1 14.25 16.5h-9A1.75 1.75 0 0 1 3.5 14.75v-9A1.75 1.75 0 0 1 5.25 4H9.5M8 12l.6-2.6 6-6 2 2-6 6z"/>`,
  delivered: html`<path d="m2.5 10.5 3.5 3.5 7-8M9.5 13.5l.5.5 7-8"/>`,
  down: html`<path d="M10 4v11.5M5.5 11l4.5 4.5 4.5-4.5"/>`,
  edit: html`<path d="m4 16 .8-3.6 8.2-8.2a1.5 1.5 0 0 1 2.1 0l.7.7a1.5 1.5 0 0 1 0 2.1l-8.2 8.2zM11.5 5.7l2.8 2.8"/>`,
  eye: html`<path d="M2.5 10S5.25 4.75 10 4.75 17.5 10 17.5 10 14.75 15.25 10 15.25 2.5 10 2.5 10z"/><circle cx="10" cy="10" r="2.25"/>`,
  file: html`<path d="M11.5 3H6a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 6 17h8a1.5 1.5 0 0 0 1.5-1.5V7zM11.5 3v4h4"/>`,
  flow: html`<circle cx="5" cy="5" r="2"/><circle cx="5" cy="15" r="2"/><circle cx="14.5" cy="10" r="2.5"/><path d="M5 7v6M7 5h2.5a3 3 0 0 1 2.6 1.6l.6 1.1M7 15h2.5a3 3 0 0 0 2.6-1.6l.6-1.1"/>`,
  info: html`<rect x="3" y="4" width="14" height="12" rx="1.75"/><path d="M12.25 4v12"/>`,
  leave: html`<path d="M8.5 3.5H5A1.5 1.5 0 0 0 3.5 5v10A1.5 1.5 0 0 0 5 16.5h3.5M8 10h8.5M13.5 7l3 3-3 3"/>`,
  more: html`<path d="M5 10h.01M10 10h.01M15 10h.01" stroke-width="2.25"/>`,
  open: html`<path d="M11.5 3.5h5v5M16.25 3.75 9.5 10.5M14.5 11.5v3a1.5 1.5 0 0 1-1.5 1.5H5.5A1.5 1.5 0 0 1 4 14.5V7a1.5 1.5 0 0 1 1.5-1.5h3"/>`,
  people: html`<circle cx="7.5" cy="7" r="2.75"/><path d="M2.5 16a5 5 0 0 1 10 0M13 4.5a2.75 2.75 0 0 1 0 5.2M14.5 11.6a5 5 0 0 1 3 4.4"/>`,
  reply: html`<path d="M8 5 3.5 9.5 8 14M3.5 9.5h7.5a5.5 5.5 0 0 1 5.5 5.5v.5"/>`,
  search: html`<circle cx="9" cy="9" r="5.25"/><path d="m13 13 3.75 3.75"/>`,
  send: html`<path d="M3.5 10 3 3.75 17 10 3 16.25zM3.5 10H10"/>`,
  sent: html`<path d="m5 10.5 3.5 3.5 7-8"/>`,
  stoa: html`<path d="M2.5 7.25 10 3l7.5 4.25zM4.5 7.5v8M8.2 7.5v8M11.8 7.5v8M15.5 7.5v8M2.5 16.5h15"/>`,
  trash: html`<path d="M4 5.5h12M8 5.5V4a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1v1.5M5.5 5.5l.6 9.6a1.5 1.5 0 0 0 1.5 1.4h4.8a1.5 1.5 0 0 0 1.5-1.4l.6-9.6M8.5 9v4.5M11.5 9v4.5"/>`,
};
