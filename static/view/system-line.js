// What no person said, as a quiet line in the middle.
import { html } from "../vendor/htm-preact.js";
import { fullTimeOf, hourOf } from "../state/times.js";
import { RichText } from "./rich-text.js";

export function SystemLine({ row }) {
  const { message, state } = row;
  return html`<div class="system-line" data-test="system-line" data-id=${message.id} data-seq=${message.seq} data-state=${state} data-kind=${message.kind}>
    <span><${RichText} text=${message.body || message.action?.title || "Something happened here"} /> <time datetime=${message.created_at} title=${fullTimeOf(message.created_at)}>${hourOf(message.created_at)}</time></span>
  </div>`;
}
