// What no person said, as a quiet line in the middle.
import { html } from "../vendor/htm-preact.js";
import { Icon } from "./icon.js";
import { fullTimeOf, hourOf } from "../state/times.js";
import { RichText } from "./rich-text.js";

export function SystemLine({ row }) {
  const { message, state } = row;
  return html`<div class="system-line" data-test="system-line" data-id=${message.id} data-seq=${message.seq} data-state=${state} data-kind=${message.kind}>
    ${message.kind === "audit" && html`<span class="only-me" title="Only you see this"><${Icon} name="eye" size="16" /><span class="visually-hidden">Only you see this: </span></span>`}<span><${RichText} text=${message.body || message.action?.title || "Something happened here"} /> <time datetime=${message.created_at} title=${fullTimeOf(message.created_at)}>${hourOf(message.created_at)}</time></span>
  </div>`;
}
