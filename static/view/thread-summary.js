// Under a message: how many replies its thread has, and how many of them are unread.
import { html } from "../vendor/htm-preact.js";
import { Icon } from "./icon.js";

const countOf = (number) => `${number} ${number === 1 ? "reply" : "replies"}`;

export function ThreadSummary({ message, onOpen }) {
  const { thread, thread_id: isReply } = message;
  if (!thread?.replies && !isReply) return null;
  const words = isReply ? "In a thread" : countOf(thread.replies);
  const unread = thread?.unread ?? 0;
  return html`<button type="button" class="thread-summary" data-test="thread" onClick=${onOpen}>
    <${Icon} name="thread" size="16" /><span>${words}</span>
    ${unread > 0 && html`<span class="badge" data-test="thread-unread">${unread}<span class="visually-hidden"> unread</span></span>`}
  </button>`;
}
