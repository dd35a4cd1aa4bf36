// The messages of the open conversation, as a log that is announced politely.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { isInMainLine } from "../stoa-threads.js";
import { EMPTY } from "../stoa-timeline.js";
import { deleteMessage } from "../state/actions.js";
import { rowsOf } from "../state/message-rows.js";
import { counterpartOf, nameOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { loadOlder } from "../state/opening.js";
import { loadAround, loadLatest, loadNewer } from "../state/searching.js";
import { useChosen, useSession } from "../state/session.js";
import { openThread } from "../state/threads.js";
import { dayNameOf } from "../state/times.js";
import { ActionCard } from "./action-card.js";
import { Confirm } from "./dialog.js";
import { FoldedMessage } from "./folded-message.js";
import { ForwardDialog } from "./forward-dialog.js";
import { Icon } from "./icon.js";
import { Message } from "./message.js";
import { MessageSkeleton } from "./message-skeleton.js";
import { useScrolling } from "./scrolling.js";
import { useSeeing } from "./seeing.js";
import { SystemLine } from "./system-line.js";
import { moveFocus, showMessage } from "./walking.js";

const Day = ({ at }) => html`<div class="day" data-test="day-separator"><span>${dayNameOf(at)}</span></div>`;
const NewLine = () => html`<div class="new-line" data-test="new-line"><span>New since you left</span></div>`;

function EmptyTimeline({ conversation }) {
  const { me } = useSession();
  const counterpart = counterpartOf(conversation, me);
  if (conversation.flow && conversation.flow.chat !== "free") {
    return html`<div class="empty" data-test="timeline-empty"><p><strong>Nothing to do for you yet</strong></p><p>Your next steps will appear here.</p></div>`;
  }
  return html`<div class="empty" data-test="timeline-empty">
    <p><strong>No messages yet</strong></p><p>Write the first message to ${counterpart ? nameOf(counterpart) : "everybody here"}.</p>
  </div>`;
}

/** Messages of others since the end was last on the screen. */
function useMissed(messages, me) {
  const upTo = useRef(null);
  const last = messages[messages.length - 1]?.seq ?? 0;
  return (isAway) => {
    if (!isAway || upTo.current === null) upTo.current = last;
    return messages.filter((message) => message.seq > upTo.current && message.sender_id !== me).length;
  };
}

function Jump({ count, onJump }) {
  const label = count ? `Jump to the latest: ${count} new` : "Jump to the latest";
  return html`<button type="button" class="jump" aria-label=${label} title=${label} data-test="jump-to-latest" onClick=${onJump}>
    <${Icon} name="down" />${count > 0 && html`<span class="badge" data-test="jump-count">${count}</span>`}
  </button>`;
}

/** Everything that the list shows of the store. */
function useRows(conversation) {
  const { me } = useSession();
  const timeline = useChosen((state) => state.timelines[conversation.id]) ?? EMPTY;
  const queued = useChosen((state) => state.queued);
  const leftAt = useChosen((state) => state.leftAt[conversation.id]) ?? null;
  const { messages } = timeline;
  const rows = useMemo(() => rowsOf({ messages, queued: queued.filter(isInMainLine), conversation, leftAt, me }), [messages, queued, conversation, leftAt]);
  return { timeline, rows };
}

/** Shows the message that was chosen among those that were found. */
function useTarget(session, conversation, timeline, show) {
  const target = useChosen((state) => state.target);
  useEffect(() => {
    if (target?.conversation !== conversation.id || !timeline.isLoaded) return;
    session.store.set({ target: null });
    loadAround(session, conversation.id, target).then((isThere) => isThere && setTimeout(() => show(target.id), DRAWN_MS));
  }, [target, timeline.isLoaded]);
}

/** What is being sent stands at the end: a part of the history makes room for it. */
function useEndForSending(session, conversation, timeline, rows) {
  const isSending = rows[rows.length - 1]?.state === "pending";
  useEffect(() => {
    if (isSending && timeline.hasNewer) loadLatest(session, conversation.id);
  }, [isSending]);
}

function useDeleting(session) {
  const [deleting, setDeleting] = useState(null);
  const confirm = () => {
    setDeleting(null);
    deleteMessage(session, deleting).catch((error) => tell(session, `Not deleted: ${error.message}`));
  };
  const dialog = deleting && html`<${Confirm} title="Delete this message?" text="It disappears for everybody. That it was there stays visible." action="Delete"
    onConfirm=${confirm} onClose=${() => setDeleting(null)} />`;
  return [setDeleting, dialog];
}

/** How long it takes until what was loaded is on the screen. */
const DRAWN_MS = 50;

export function MessageList({ conversation, onReply, onEdit }) {
  const session = useSession();
  const { timeline, rows } = useRows(conversation);
  const list = useRef(null);
  const [active, setActive] = useState(null);
  const [setDeleting, dialog] = useDeleting(session);
  const [forwarding, setForwarding] = useState(null);
  const look = useSeeing(list, conversation.id);
  const older = () => loadOlder(session, conversation.id);
  const { isAway, onScroll, jump } = useScrolling({ list, rows, isReady: timeline.isLoaded, isPart: timeline.hasNewer, onNearTop: older, onMoved: look });
  const missed = useMissed(timeline.messages, session.me)(isAway);
  const stop = rows.some((row) => row.key === active) ? active : rows[rows.length - 1]?.key;
  const show = (id) => showMessage(list.current, id, older).then((isFound) => isFound || tell(session, "That message is too far back."));
  useTarget(session, conversation, timeline, show);
  useEndForSending(session, conversation, timeline, rows);
  const latest = () => (timeline.hasNewer ? loadLatest(session, conversation.id).then(() => setTimeout(jump, DRAWN_MS)) : jump());
  const draw = (row) => {
    const { message, key } = row;
    if (row.type === "day") return html`<${Day} key=${key} at=${row.at} />`;
    if (row.type === "new") return html`<${NewLine} key=${key} />`;
    if (row.type === "card") return html`<${ActionCard} key=${key} row=${row} conversation=${conversation} />`;
    if (row.type === "line") return html`<${SystemLine} key=${key} row=${row} />`;
    if (row.type === "folded") return html`<${FoldedMessage} key=${key} message=${message} conversation=${conversation} />`;
    const quoted = message.reply_to && timeline.messages.find((one) => one.id === message.reply_to);
    return html`<${Message} key=${key} row=${row} conversation=${conversation} quoted=${quoted} isStop=${key === stop} onFocus=${() => setActive(key)}
      onReply=${() => onReply(message)} onEdit=${() => onEdit(message)} onForward=${() => setForwarding(message)} onThread=${() => openThread(session, message)} onDelete=${() => setDeleting(message)} onJump=${() => show(message.reply_to)} />`;
  };
  const isEmpty = timeline.isLoaded && !rows.length;
  return html`<div class="message-place">
    <div class="message-list" ref=${list} role="log" aria-live="polite" aria-label="Messages" aria-busy=${String(!timeline.isLoaded)} tabindex=${rows.length ? null : 0}
      data-test="message-list" onScroll=${onScroll} onKeyDown=${moveFocus}>
      <div class="message-rows">
        ${!timeline.isLoaded && html`<${MessageSkeleton} />`}
        ${timeline.hasOlder && html`<div class="history-skeleton" aria-hidden="true" data-test="history-skeleton"><span class="skeleton"></span></div>`}
        ${isEmpty && html`<${EmptyTimeline} conversation=${conversation} />`}
        ${rows.map(draw)}
        ${timeline.hasNewer && html`<button type="button" class="button more" data-test="newer" onClick=${() => loadNewer(session, conversation.id)}>Show newer</button>`}
      </div>
    </div>
    ${(isAway || timeline.hasNewer) && html`<${Jump} count=${missed} onJump=${latest} />`}
    ${dialog}
    ${forwarding && html`<${ForwardDialog} message=${forwarding} conversation=${conversation} onClose=${() => setForwarding(null)} />`}
  </div>`;
}
