// Where one replies in a thread: Enter sends, Shift+Enter breaks the line.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { participantOf } from "../state/names.js";
import { useSession } from "../state/session.js";
import { Icon } from "./icon.js";
import { MentionOptions } from "./mention-options.js";
import { offering, useMentions } from "./mentioning.js";

const LONGEST = 8_000;
const NAMES = "thread-mentions";

const mayWrite = (conversation, me) => {
  const mayType = !conversation.flow || conversation.flow.chat === "free";
  return conversation.status === "open" && mayType && !participantOf(conversation, me)?.muted;
};

export function ThreadComposer({ conversation, rootId }) {
  const { client, me } = useSession();
  const area = useRef(null);
  const [text, setText] = useState("");
  const [isAlso, setIsAlso] = useState(false);
  const mentioning = useMentions(area, conversation, text, setText);
  useEffect(() => area.current?.focus(), []);
  useLayoutEffect(() => {
    if (!area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [text]);
  if (!mayWrite(conversation, me)) return html`<p class="composer-closed">Nothing can be added here.</p>`;
  const canSend = text.trim() !== "" && [...text].length <= LONGEST;
  const send = (event) => {
    event?.preventDefault();
    if (!canSend) return;
    client.send(conversation.id, { body: text.trimEnd(), thread_id: rootId, also_in_conversation: isAlso, mentions: mentioning.mentioned() });
    setText("");
    setIsAlso(false);
    area.current.focus();
  };
  const press = (event) => {
    if (event.isComposing || mentioning.press(event)) return;
    if (event.key === "Enter" && !event.shiftKey) send(event);
  };
  return html`<form class="composer thread-composer" onSubmit=${send}>
    <${MentionOptions} mentioning=${mentioning} list=${NAMES} />
    <div class="composer-line">
      <textarea ref=${area} ...${offering(mentioning, NAMES)} rows="1" dir="auto" aria-label="Reply in the thread" placeholder="Reply in the thread" data-test="thread-composer" value=${text}
        onInput=${(event) => setText(event.target.value)} onKeyDown=${press}></textarea>
      <button class="send" disabled=${!canSend} aria-label="Send" title="Send (Enter)" data-test="thread-send"><${Icon} name="send" /></button>
    </div>
    <label class="thread-also"><input type="checkbox" data-test="thread-also" checked=${isAlso} onChange=${(event) => setIsAlso(event.target.checked)} />Also show it in the conversation</label>
  </form>`;
}
