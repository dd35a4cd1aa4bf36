// The side column with a thread: the message that it answers, the replies, and where one replies.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { deleteMessage } from "../state/actions.js";
import { rowsOf } from "../state/message-rows.js";
import { nameOf, personOf, previewOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useChosen, useSession } from "../state/session.js";
import { closeThread, loadOlderReplies, markThreadSeen, toggleFollowing } from "../state/threads.js";
import { Confirm } from "./dialog.js";
import { IconButton } from "./icon.js";
import { Message } from "./message.js";
import { SystemLine } from "./system-line.js";
import { ThreadComposer } from "./thread-composer.js";
import { moveFocus } from "./walking.js";

function Root({ root, conversation }) {
  if (!root) return html`<p class="thread-root quiet">Earlier message</p>`;
  return html`<blockquote class="thread-root" data-test="thread-root">
    <span class="quote-sender" dir="auto">${nameOf(personOf(conversation, root.sender_id))}</span>
    <p dir="auto">${previewOf(root)}</p>
  </blockquote>`;
}

function Following({ root }) {
  const session = useSession();
  const isFollowing = Boolean(root?.thread?.following);
  if (!root) return null;
  return html`<button type="button" class="button" aria-pressed=${String(isFollowing)} data-test="follow-thread" onClick=${() => toggleFollowing(session, root)}>
    ${isFollowing ? "Following" : "Follow"}
  </button>`;
}

/** What is on the screen counts as read, as soon as somebody looks. */
function useReading(conversation, rootId, root, timeline) {
  const session = useSession();
  const seq = timeline.messages[timeline.messages.length - 1]?.seq ?? 0;
  useEffect(() => {
    const look = () => {
      if (!document.hidden && seq > 0 && (!root || root.thread?.unread > 0)) markThreadSeen(session, conversation.id, rootId, seq);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [seq, root?.thread?.unread]);
}

/** The newest reply stays in sight. */
function useEnd(list, rows) {
  useEffect(() => {
    list.current.scrollTop = list.current.scrollHeight;
  }, [rows.length]);
}

function Replies({ conversation, rootId, timeline, list }) {
  const session = useSession();
  const queued = useChosen((state) => state.queued);
  const [deleting, setDeleting] = useState(null);
  const { messages, hasOlder } = timeline;
  const rows = useMemo(() => {
    const own = queued.filter((entry) => entry.thread_id === rootId);
    return rowsOf({ messages, queued: own, conversation, leftAt: null, me: session.me }).filter((row) => row.type !== "day");
  }, [messages, queued, conversation]);
  useEnd(list, rows);
  const remove = () => {
    setDeleting(null);
    deleteMessage(session, deleting).catch((error) => tell(session, `Not deleted: ${error.message}`));
  };
  const draw = ({ key, type, message }, row) =>
    type === "message"
      ? html`<${Message} key=${key} row=${row} conversation=${conversation} isStop=${key === rows[rows.length - 1].key} onDelete=${() => setDeleting(message)} />`
      : html`<${SystemLine} key=${key} row=${row} />`;
  return html`<div class="message-list thread-list" role="log" aria-live="polite" aria-label="Replies" aria-busy=${String(!timeline.isLoaded)} tabindex=${rows.length ? null : 0} ref=${list}
    data-test="thread-replies" onKeyDown=${moveFocus}>
    <div class="message-rows">
      ${hasOlder && html`<button type="button" class="button more" data-test="older-replies" onClick=${() => loadOlderReplies(session)}>Show earlier replies</button>`}
      ${timeline.isLoaded && !rows.length && html`<p class="quiet" data-test="no-replies">No replies yet.</p>`}
      ${rows.map((row) => draw(row, row))}
    </div>
    ${deleting && html`<${Confirm} title="Delete this reply?" text="It disappears for everybody. That it was there stays visible." action="Delete" onConfirm=${remove} onClose=${() => setDeleting(null)} />`}
  </div>`;
}

export function ThreadColumn({ conversation, thread }) {
  const session = useSession();
  const { rootId, timeline } = thread;
  const list = useRef(null);
  const root = useChosen((state) => state.timelines[conversation.id]?.messages.find((message) => message.id === rootId));
  useReading(conversation, rootId, root, timeline);
  /** The focus goes back to where the thread was opened. */
  const close = () => {
    closeThread(session);
    document.querySelector(`[data-id="${rootId}"][data-test="message"]`)?.focus();
  };
  const press = (event) => event.key === "Escape" && !event.defaultPrevented && !event.target.closest("dialog") && close();
  return html`<aside class="context-column thread-column" aria-label="Thread" data-test="thread-column" onKeyDown=${press}>
    <div class="column-head context-head"><h2>Thread</h2><${Following} root=${root} />
      <${IconButton} name="close" label="Close the thread" hook="thread-close" onClick=${close} /></div>
    <${Root} root=${root} conversation=${conversation} />
    <${Replies} conversation=${conversation} rootId=${rootId} timeline=${timeline} list=${list} />
    <${ThreadComposer} key=${rootId} conversation=${conversation} rootId=${rootId} />
  </aside>`;
}
