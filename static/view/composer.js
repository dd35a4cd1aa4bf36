// Where one writes: Enter sends, Shift+Enter breaks the line, Up edits the last message, Escape cancels.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { editMessage } from "../state/actions.js";
import { draftOf, keepDraft } from "../state/drafts.js";
import { counterpartOf, nameOf, participantOf, personOf, previewOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { setLeftAt } from "../state/opening.js";
import { useSession } from "../state/session.js";
import { createTypist } from "../state/typing.js";
import { filesOf, useUploads } from "../state/uploads.js";
import { AttachMenu } from "./attach-menu.js";
import { Icon, IconButton } from "./icon.js";
import { MentionOptions } from "./mention-options.js";
import { offering, useMentions } from "./mentioning.js";
import { TurnLine } from "./turn-line.js";
import { Chips } from "./upload-chips.js";

const LONGEST = 8_000;
const lengthOf = (text) => [...text].length;

/** Why nothing can be written here; null where it can. */
function whyNot(conversation, me) {
  if (conversation.status !== "open") return `This conversation is ${conversation.status}. It can be read, and nothing can be added.`;
  if (participantOf(conversation, me)?.muted) return "You are muted here: you can read, and not write.";
  return null;
}

function IntentBar({ intent, conversation, onPlain }) {
  const { me } = useSession();
  const { reply, edit } = intent;
  if (!reply && !edit) return null;
  const who = reply && (reply.sender_id === me ? "yourself" : nameOf(personOf(conversation, reply.sender_id)));
  return html`<div class="intent-bar" data-test=${edit ? "edit-bar" : "reply-bar"}>
    <div><strong>${edit ? "Editing your message" : `Replying to ${who}`}</strong><span class="preview" dir="auto">${previewOf(edit ?? reply)}</span></div>
    <${IconButton} name="close" label="Cancel" hook="cancel" onClick=${onPlain} />
  </div>`;
}

/** The text: a draft, or the wording of the message that is edited. */
function useText(conversation, intent) {
  const { me } = useSession();
  const [text, setText] = useState(() => draftOf(me, conversation.id));
  const edited = useRef(null);
  useLayoutEffect(() => {
    const before = edited.current;
    edited.current = intent.edit;
    if (intent.edit) setText(intent.edit.body);
    else if (before) setText(draftOf(me, conversation.id));
  }, [intent.edit]);
  const change = (next) => {
    setText(next);
    if (!intent.edit) keepDraft(me, conversation.id, next);
  };
  return [text, change];
}

/** As high as its text, within what the style sheet allows. */
function useHeight(area, text) {
  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text]);
}

/** What Up edits: the last message of one's own. While that is still on its way, nothing: an earlier one would be the wrong one. */
function lastOwn({ store, me }, id) {
  const { queued, timelines } = store.get();
  if (queued.some((entry) => entry.conversation_id === id && entry.state === "waiting")) return null;
  return (timelines[id]?.messages ?? []).filter((message) => message.sender_id === me && message.kind === "user_input" && !message.deleted_at).pop();
}

function labelOf(conversation, intent, me) {
  const other = counterpartOf(conversation, me);
  return intent.edit ? "New wording" : `Write to ${other ? nameOf(other) : "everybody"}`;
}

/** Writing begins at once where there is a keyboard and nobody is filling in something else, and ends with the last "typing". */
function useAttention(area, intent, typist) {
  useEffect(() => {
    const isElsewhere = document.activeElement.matches("input, textarea, select");
    if (intent.reply || intent.edit || (matchMedia("(pointer: fine)").matches && !isElsewhere)) area.current.focus();
  }, [intent]);
  useEffect(() => () => typist.current(false), []);
}

/** Files that are dropped or pasted are attached; texts go where they always go. */
const receiving = (uploads, intent) => (transfer) => (event) => {
  const given = intent.edit ? [] : filesOf(event[transfer]);
  if (!given.length) return;
  event.preventDefault();
  uploads.upload(given);
};

function OpenComposer({ conversation, intent, onIntent, onPlain }) {
  const session = useSession();
  const area = useRef(null);
  const typist = useRef(null);
  typist.current ??= createTypist(session, conversation.id);
  const [text, setText] = useText(conversation, intent);
  const mentioning = useMentions(area, conversation, text, setText);
  const uploads = useUploads();
  const { files } = uploads;
  useHeight(area, text);
  useAttention(area, intent, typist);

  const rest = LONGEST - lengthOf(text);
  const canSend = rest >= 0 && (intent.edit ? text.trim() !== "" : uploads.areReady && (text.trim() !== "" || files.length > 0));
  const say = () => {
    session.client.send(conversation.id, { body: text.trimEnd(), reply_to: intent.reply?.id ?? null, attachments: uploads.take(), mentions: mentioning.mentioned() });
    setText("");
    setLeftAt(session, conversation.id, null);
    onPlain();
  };
  const save = () => {
    if (text.trimEnd() === intent.edit.body) return onPlain();
    editMessage(session, intent.edit, text.trimEnd()).then(onPlain, (error) => tell(session, `Not changed: ${error.message}`));
  };
  const submit = (event) => {
    event?.preventDefault();
    if (!canSend) return;
    typist.current(false);
    (intent.edit ? save : say)();
    area.current.focus();
  };
  const receive = receiving(uploads, intent);
  const input = (event) => {
    setText(event.target.value);
    typist.current(event.target.value.trim() !== "" && !intent.edit);
  };
  const press = (event) => {
    if (event.isComposing || (!intent.edit && mentioning.press(event))) return;
    const isUp = event.key === "ArrowUp" && text === "" && !intent.edit;
    const own = isUp && lastOwn(session, conversation.id);
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    else if (event.key === "Escape" && (intent.reply || intent.edit)) onPlain();
    else if (own) {
      event.preventDefault();
      onIntent({ reply: null, edit: own });
    }
  };
  const label = labelOf(conversation, intent, session.me);
  return html`<form class="composer" onSubmit=${submit} onDragOver=${(event) => event.preventDefault()} onDrop=${receive("dataTransfer")} onPaste=${receive("clipboardData")}>
    <${IntentBar} intent=${intent} conversation=${conversation} onPlain=${onPlain} />
    ${!intent.edit && html`<${Chips} files=${files} onRemove=${uploads.remove} onRetry=${uploads.retry} />`}
    ${!intent.edit && html`<${MentionOptions} mentioning=${mentioning} list="mentions" />`}
    <div class="composer-line">
      ${!intent.edit && html`<${AttachMenu} uploads=${uploads} />`}
      <textarea ref=${area} ...${intent.edit ? {} : offering(mentioning, "mentions")} rows="1" dir="auto" aria-label=${label} placeholder=${label} data-test="composer" value=${text} onInput=${input} onKeyDown=${press} onBlur=${() => typist.current(false)}></textarea>
      ${rest < 500 && html`<span class=${rest < 0 ? "length is-over" : "length"} role="status" data-test="length">${rest} left</span>`}
      <button class="send" disabled=${!canSend} aria-label=${intent.edit ? "Save" : "Send"} title=${intent.edit ? "Save" : "Send (Enter)"} data-test="send"><${Icon} name=${intent.edit ? "sent" : "send"} /></button>
    </div>
  </form>`;
}

export function Composer(props) {
  const { me } = useSession();
  const reason = whyNot(props.conversation, me);
  if (reason) return html`<p class="composer-closed" data-test="composer-closed">${reason}</p>`;
  const { flow } = props.conversation;
  if (flow && flow.chat !== "free") return html`<${TurnLine} conversation=${props.conversation} />`;
  return html`${flow?.phase === "running" && html`<${TurnLine} conversation=${props.conversation} />`}<${OpenComposer} ...${props} />`;
}
