// One line of the list: who, the last words, when, and how much of it is unread.
import { html } from "../vendor/htm-preact.js";
import { addressOf } from "../state/identity.js";
import { lastActivityOf, progressOf } from "../state/conversations.js";
import { hasMention, levelOf, mineOf } from "../state/mine.js";
import { counterpartOf, nameOf, personOf, previewOf, titleOf } from "../state/names.js";
import { fullTimeOf, shortTimeOf } from "../state/times.js";
import { goTo } from "../state/address.js";
import { useChosen, useSession } from "../state/session.js";
import { Avatar, GroupAvatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { typingSentence } from "./typing-line.js";
import { Tick } from "./tick.js";
import { TurnChip } from "./turn-chip.js";

function Preview({ conversation }) {
  const { me } = useSession();
  const typing = useChosen((state) => state.typing[conversation.id]);
  const last = conversation.last_message;
  const typed = typingSentence(conversation, typing);
  if (typed) return html`<span class="preview is-typing" data-test="preview">${typed}</span>`;
  if (!last) return html`<span class="preview" data-test="preview">No messages yet</span>`;
  const isMine = last.sender_id === me;
  const isCounterpart = last.sender_id === counterpartOf(conversation, me)?.user_id;
  const sender = !isCounterpart && !isMine && last.sender_id ? nameOf(personOf(conversation, last.sender_id)) : null;
  return html`<span class="preview" data-test="preview">
    ${isMine && !last.deleted_at && html`<${Tick} state=${progressOf(last, conversation, me)} />`}
    ${sender && html`<span class="preview-sender">${sender.split(" ")[0]}: </span>`}<bdi>${previewOf(last)}</bdi>
  </span>`;
}

const QUIET = { mentions: "Only mentions notify you", none: "Nothing here notifies you" };

const Mark = ({ icon, name, hook }) =>
  html`<span class=${`item-mark mark-${icon}`} role="img" aria-label=${name} title=${name} data-test=${hook}><${Icon} name=${icon} size="14" /></span>`;

/** What I have chosen for this conversation. */
function Marks({ conversation }) {
  const quiet = QUIET[levelOf(conversation)];
  return html`${mineOf(conversation).starred && html`<${Mark} icon="star" name="Starred" hook="item-star" />`}
    ${quiet && html`<${Mark} icon="bell-off" name=${quiet} hook="item-quiet" />`}`;
}

function Unread({ conversation }) {
  const { me } = useSession();
  const { unread } = conversation;
  if (!unread) return null;
  const isMentioned = hasMention(conversation, me);
  const isQuiet = levelOf(conversation) !== "all" && !isMentioned;
  return html`${isMentioned && html`<span class="badge" role="img" aria-label="You are mentioned" title="You are mentioned" data-test="mention-badge">@</span>`}
    <span class=${`badge ${isQuiet ? "badge-quiet" : ""}`} data-test="unread-badge"><span aria-hidden="true">${unread > 99 ? "99+" : unread}</span><span class="visually-hidden">${unread} unread</span></span>`;
}

/** Plain clicks stay in this window; the others open the address as for any link. */
function open(event, id) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  goTo(id);
}

export function ConversationItem({ conversation, isOpen }) {
  const { me } = useSession();
  const { id, unread, subject } = conversation;
  const counterpart = counterpartOf(conversation, me);
  const at = lastActivityOf(conversation);
  return html`<li>
    <a class=${`item ${unread ? "is-unread" : ""}`} href=${addressOf(me, id)} aria-current=${isOpen ? "true" : null} data-test="conversation-item" data-id=${id}
      data-unread=${unread} onClick=${(event) => open(event, id)}>
      ${counterpart ? html`<${Avatar} person=${counterpart} showsPresence=${true} />` : html`<${GroupAvatar} id=${id} />`}
      <span class="item-main">
        <span class="item-line">
          <span class="item-name" dir="auto" data-test="conversation-name">${titleOf(conversation, me)}</span>
          <${Marks} conversation=${conversation} />
          <time class="item-time" datetime=${at} title=${fullTimeOf(at)} data-test="list-time">${shortTimeOf(at)}</time>
        </span>
        ${subject?.title && html`<span class="item-subject" dir="auto">${subject.title}</span>`}
        <span class="item-line">
          <${Preview} conversation=${conversation} />
          <${TurnChip} conversation=${conversation} />
          <${Unread} conversation=${conversation} />
        </span>
      </span>
    </a>
  </li>`;
}
