// The middle column: the conversation's head, its messages, and the composer.
import { html, useState } from "../vendor/htm-preact.js";
import { goTo } from "../state/address.js";
import { changeMine, mineOf } from "../state/mine.js";
import { STATUS_NAMES, counterpartOf, titleOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useSession } from "../state/session.js";
import { Avatar, GroupAvatar } from "./avatar.js";
import { BlockedLine, useBlockedCounterpart } from "./blocked-line.js";
import { Composer } from "./composer.js";
import { Icon, IconButton } from "./icon.js";
import { MessageList } from "./message-list.js";
import { MessageSkeleton } from "./message-skeleton.js";
import { Pins } from "./pins.js";
import { TypingLine } from "./typing-line.js";

const STATE_NAMES = { closed: "Closed", archived: "Archived" };

function stateOf(conversation, counterpart) {
  const presence = counterpart && (STATUS_NAMES[counterpart.status] ?? STATUS_NAMES.offline);
  const people = presence ?? `${conversation.participants.length} people`;
  return [STATE_NAMES[conversation.status], people, conversation.subject?.title].filter(Boolean).join(" · ");
}

function Star({ conversation }) {
  const session = useSession();
  const { starred } = mineOf(conversation);
  const turn = () => changeMine(session, conversation.id, { starred: !starred }).catch((error) => tell(session, error.message));
  return html`<${IconButton} name="star" label=${starred ? "Remove the star" : "Star this conversation"} hook="head-star" look=${starred ? "is-starred" : ""} aria-pressed=${String(starred)} onClick=${turn} />`;
}

function Head({ conversation, showsContext, onContext }) {
  const { me } = useSession();
  const counterpart = counterpartOf(conversation, me);
  return html`<header class="column-head conversation-head">
    <${IconButton} name="back" label="Back to the list" hook="back" look="back-button" onClick=${() => goTo(null)} />
    ${counterpart ? html`<${Avatar} person=${counterpart} size="small" showsPresence=${true} />` : html`<${GroupAvatar} id=${conversation.id} size="small" />`}
    <div class="conversation-names">
      <h2 dir="auto" data-test="conversation-title">${titleOf(conversation, me)}</h2>
      <p class="quiet" data-test="conversation-state">${stateOf(conversation, counterpart)}</p>
    </div>
    ${conversation.my_role && html`<${Star} conversation=${conversation} />`}
    <${IconButton} name="info" label="About this conversation" hook="context-toggle" look="context-toggle" aria-expanded=${String(showsContext)} onClick=${onContext} />
  </header>`;
}

const Nothing = () => html`<div class="nothing" data-test="no-conversation">
  <${Icon} name="stoa" size="56" />
  <h2>Choose a conversation</h2>
  <p class="quiet">or start a new one with the pen above the list.</p>
</div>`;

/** What the composer is about: nothing, an answer to a message, or a change of one. */
const PLAIN = { reply: null, edit: null };

export function Conversation({ conversation, isWaiting, showsContext, onContext }) {
  const [intent, setIntent] = useState(PLAIN);
  const blocked = useBlockedCounterpart(conversation);
  if (!conversation) return html`<main class="conversation-column">${isWaiting ? html`<${MessageSkeleton} />` : html`<${Nothing} />`}</main>`;
  return html`<main class="conversation-column" data-test="conversation" data-id=${conversation.id}>
    <${Head} conversation=${conversation} showsContext=${showsContext} onContext=${onContext} />
    <${Pins} conversation=${conversation} />
    <${MessageList} conversation=${conversation} onReply=${(reply) => setIntent({ ...PLAIN, reply })} onEdit=${(edit) => setIntent({ ...PLAIN, edit })} />
    <${TypingLine} conversation=${conversation} />
    ${blocked ? html`<${BlockedLine} person=${blocked} />` : html`<${Composer} conversation=${conversation} intent=${intent} onIntent=${setIntent} onPlain=${() => setIntent(PLAIN)} />`}
  </main>`;
}
