// The right column: what the conversation is about, who takes part, and what can be done with it.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { changeConversation, leaveConversation } from "../state/actions.js";
import { manages, titleOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useSession } from "../state/session.js";
import { dateOf } from "../state/times.js";
import { AddParticipant } from "./add-participant.js";
import { Deal } from "./deal.js";
import { Confirm } from "./dialog.js";
import { ForMe } from "./for-me.js";
import { FormerPeople } from "./former-people.js";
import { Icon, IconButton } from "./icon.js";
import { Participant } from "./participant.js";
import { SubjectCard } from "./subject-card.js";

/** Runs something that the server may refuse, and tells what it said. */
const useAttempt = () => {
  const session = useSession();
  return (work) => work().catch((error) => tell(session, error.message));
};

function People({ conversation, isManager }) {
  const { participants } = conversation;
  return html`<section class="context-part">
    <h3>People <span class="quiet">${participants.length}</span></h3>
    <ul class="participants">${participants.map((person) => html`<${Participant} key=${person.user_id} person=${person} conversation=${conversation} isManager=${isManager} />`)}</ul>
    ${isManager && html`<${FormerPeople} conversation=${conversation} /><${AddParticipant} conversation=${conversation} />`}
  </section>`;
}

function Rename({ conversation }) {
  const session = useSession();
  const attempt = useAttempt();
  const [title, setTitle] = useState(conversation.title ?? "");
  useEffect(() => setTitle(conversation.title ?? ""), [conversation.title]);
  const save = (event) => {
    event.preventDefault();
    attempt(() => changeConversation(session, conversation.id, { title: title.trim() }));
  };
  const isSame = !title.trim() || title.trim() === conversation.title;
  return html`<form class="inline-form" data-test="rename" onSubmit=${save}>
    <label class="field"><span>Title</span><input maxlength="200" data-test="group-name" value=${title} onInput=${(event) => setTitle(event.target.value)} /></label>
    <button class="button" disabled=${isSame} data-test="rename-save">Save</button>
  </form>`;
}

function Leave({ conversation }) {
  const session = useSession();
  const attempt = useAttempt();
  const [isAsking, setIsAsking] = useState(false);
  const leave = () => {
    setIsAsking(false);
    attempt(() => leaveConversation(session, conversation.id));
  };
  return html`<button type="button" class="button button-quiet-danger" data-test="leave" onClick=${() => setIsAsking(true)}><${Icon} name="leave" size="16" />Leave</button>
    ${isAsking && html`<${Confirm} title=${`Leave “${titleOf(conversation, session.me)}”?`} text="You will not read it any more, until somebody brings you back." action="Leave"
      onConfirm=${leave} onClose=${() => setIsAsking(false)} />`}`;
}

function Managing({ conversation, isManager }) {
  const session = useSession();
  const attempt = useAttempt();
  if (conversation.kind === "direct") return null;
  const isOpen = conversation.status === "open";
  const turn = () => attempt(() => changeConversation(session, conversation.id, { status: isOpen ? "closed" : "open" }));
  return html`<section class="context-part">
    <h3>This conversation</h3>
    ${isManager && html`<${Rename} conversation=${conversation} />`}
    <div class="buttons">
      ${isManager && html`<button type="button" class="button" data-test="close-conversation" onClick=${turn}>${isOpen ? "Close conversation" : "Open again"}</button>`}
      ${conversation.my_role && html`<${Leave} conversation=${conversation} />`}
    </div>
  </section>`;
}

export function ContextColumn({ conversation, isShown, onClose }) {
  const { profile } = useSession();
  const column = useRef(null);
  const isManager = manages(conversation, profile);
  useEffect(() => {
    if (isShown) column.current.querySelector(".context-close").focus();
  }, [isShown]);
  const press = (event) => event.key === "Escape" && isShown && !event.target.closest("dialog") && onClose();
  return html`<aside class="context-column" aria-label="About this conversation" data-test="context" ref=${column} onKeyDown=${press}>
    <div class="column-head context-head"><h2>About</h2><${IconButton} name="close" label="Close" hook="context-close" look="context-close" onClick=${onClose} /></div>
    <div class="context-scroll">
      ${conversation.subject && html`<${SubjectCard} subject=${conversation.subject} />`}
      ${conversation.flow && html`<${Deal} conversation=${conversation} />`}
      <${People} conversation=${conversation} isManager=${isManager} />
      <${ForMe} conversation=${conversation} />
      <${Managing} conversation=${conversation} isManager=${isManager} />
      <p class="quiet context-since">Since <time datetime=${conversation.created_at}>${dateOf(conversation.created_at)}</time></p>
    </div>
  </aside>`;
}
