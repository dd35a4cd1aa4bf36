// One message: a bubble with its quote, words, files, time and tick, and what can be done with it.
import { html } from "../vendor/htm-preact.js";
import { mayPin, togglePin } from "../state/annotating.js";
import { isCrowd, knownPersonOf, nameOf, personOf, previewOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { fullTimeOf, hourOf } from "../state/times.js";
import { Attachments } from "./attachments.js";
import { Avatar } from "./avatar.js";
import { Edited, Wordings, useWordings } from "./earlier-wordings.js";
import { IconButton } from "./icon.js";
import { ReactButton, Reactions } from "./reactions.js";
import { RichText } from "./rich-text.js";
import { ThreadSummary } from "./thread-summary.js";
import { Tick } from "./tick.js";

function Quote({ quoted, conversation, onJump }) {
  const { me } = useSession();
  const sender = quoted && (quoted.sender_id === me ? "You" : nameOf(personOf(conversation, quoted.sender_id)));
  return html`<button type="button" class="quote" dir="auto" data-test="quote" onClick=${onJump}>
    <span class="quote-sender">${sender ?? "Earlier message"}</span>
    <span class="quote-text" dir="auto">${quoted ? previewOf(quoted) : "Show it"}</span>
  </button>`;
}

function PinButton({ message }) {
  const session = useSession();
  return html`<${IconButton} name="pin" label=${message.pinned ? "Unpin" : "Pin"} hook="toggle-pin" aria-pressed=${String(Boolean(message.pinned))}
    onClick=${() => togglePin(session, message)} />`;
}

function Tools({ message, conversation, isMine, onReply, onThread, onForward, onEdit, onDelete }) {
  const { me } = useSession();
  return html`<div class="message-tools" role="group" aria-label="Message actions">
    <${ReactButton} message=${message} />
    ${mayPin(conversation, me) && html`<${PinButton} message=${message} />`}
    ${onReply && html`<${IconButton} name="reply" label="Reply" hook="reply" onClick=${onReply} />`}
    ${onThread && html`<${IconButton} name="thread" label="Reply in a thread" hook="reply-in-thread" onClick=${onThread} />`}
    ${onForward && html`<${IconButton} name="forward" label="Forward" hook="forward" onClick=${onForward} />`}
    ${isMine && onEdit && html`<${IconButton} name="edit" label="Edit" hook="edit" onClick=${onEdit} />`}
    ${isMine && html`<${IconButton} name="trash" label="Delete" hook="delete" onClick=${onDelete} />`}
  </div>`;
}

function Failed({ message }) {
  const { client } = useSession();
  return html`<div class="failed" role="alert">
    <span data-test="failed-reason">Not sent: ${message.error?.message ?? "something went wrong"}.</span>
    <button type="button" class="link-button" data-test="retry" onClick=${() => client.retry(message.client_id)}>Send again</button>
    <button type="button" class="link-button" data-test="discard" onClick=${() => client.discard(message.client_id)}>Discard</button>
  </div>`;
}

/** Who has seen it, for a hint at the ticks. Nobody has seen what is not stored yet. */
function seenBy(message, conversation, me) {
  if (message.seq === null) return undefined;
  const names = conversation.participants.filter((person) => person.user_id !== me && person.read_seq >= message.seq).map(nameOf);
  return names.length ? `Seen by ${names.join(", ")}` : undefined;
}

const Tombstone = () => html`<span class="tombstone" data-test="tombstone">This message was deleted</span>`;

function Bubble({ row, conversation, quoted, showsSender, onJump, history }) {
  const { me } = useSession();
  const { message, state } = row;
  const isMine = state !== "received";
  const sender = nameOf(personOf(conversation, message.sender_id));
  const title = state === "seen" || conversation.kind === "group" ? seenBy(message, conversation, me) : undefined;
  return html`<div class="bubble" dir="auto">
    <span class=${showsSender ? "sender" : "visually-hidden"} dir="auto" data-test="sender">${isMine ? "You" : sender}${showsSender ? "" : ": "}</span>
    ${message.reply_to && !message.deleted_at && html`<${Quote} quoted=${quoted} conversation=${conversation} onJump=${onJump} />`}
    ${message.forwarded && !message.deleted_at && html`<span class="forwarded" dir="auto" data-test="forwarded">Forwarded from ${message.forwarded.name ?? "Staff"}</span>`}
    <div class="message-body" data-test="message-body">${message.deleted_at ? html`<${Tombstone} />` : html`<${RichText} text=${message.body} />`}</div>
    <${Attachments} files=${message.attachments} />
    <span class="meta" dir="ltr">
      ${message.edited_at && !message.deleted_at && html`<${Edited} message=${message} wordings=${history.wordings} onToggle=${history.toggle} />`}
      <time datetime=${message.created_at} title=${fullTimeOf(message.created_at)} data-test="message-time">${hourOf(message.created_at)}</time>
      ${isMine && !message.deleted_at && html`<${Tick} state=${state} title=${title} />`}
    </span>
  </div>`;
}

function nameFor({ message, state }, conversation) {
  const who = state === "received" ? nameOf(personOf(conversation, message.sender_id)) : "You";
  return `${who}, ${hourOf(message.created_at)}`;
}

export function Message({ row, conversation, quoted, isStop, onFocus, onReply, onThread, onForward, onEdit, onDelete, onJump }) {
  const { message, state, startsGroup, endsGroup } = row;
  const history = useWordings(message);
  const isTheirs = state === "received";
  const hasFaces = isTheirs && (isCrowd(conversation) || !knownPersonOf(conversation, message.sender_id));
  const person = personOf(conversation, message.sender_id);
  const classes = ["message", isTheirs ? "theirs" : "mine", startsGroup && "starts-group", endsGroup && "ends-group", hasFaces && "has-faces"];
  const isStored = message.seq !== null && !message.deleted_at;
  return html`<article class=${classes.filter(Boolean).join(" ")} tabindex=${isStop ? 0 : -1} aria-label=${nameFor(row, conversation)} data-test="message" data-id=${message.id}
    data-seq=${message.seq} data-state=${state} data-client-id=${message.client_id} onfocusin=${onFocus}>
    ${hasFaces && html`<span class="face">${startsGroup && html`<${Avatar} person=${person} size="small" />`}</span>`}
    <div class="message-column">
      <div class="bubble-line">
        <${Bubble} row=${row} conversation=${conversation} quoted=${quoted} showsSender=${hasFaces && startsGroup} onJump=${onJump} history=${history} />
        ${isStored && html`<${Tools} message=${message} conversation=${conversation} isMine=${!isTheirs} onReply=${onReply} onThread=${onThread} onForward=${onForward} onEdit=${onEdit} onDelete=${onDelete} />`}
      </div>
      ${isStored && html`<${Reactions} message=${message} conversation=${conversation} />`}
      ${onThread && html`<${ThreadSummary} message=${message} onOpen=${onThread} />`}
      ${!message.deleted_at && html`<${Wordings} wordings=${history.wordings} problem=${history.problem} />`}
      ${state === "failed" && html`<${Failed} message=${message} />`}
    </div>
  </article>`;
}
