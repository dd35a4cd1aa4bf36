// The left column: who I am, the bell, a new conversation, and my conversations with the newest activity on top.
import { html, useState } from "../vendor/htm-preact.js";
import { inOrder } from "../state/conversations.js";
import { loadList, loadViewPage } from "../state/list-loading.js";
import { belongsTo } from "../state/list-views.js";
import { titleOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Bell } from "./bell.js";
import { ConversationItem } from "./conversation-item.js";
import { FoundMessages } from "./found-messages.js";
import { Icon, IconButton } from "./icon.js";
import { EmptyView, ListViews } from "./list-views.js";
import { MyStatus } from "./my-status.js";
import { NewConversation } from "./new-conversation.js";

const Skeleton = () => html`<div class="list-skeleton" aria-hidden="true" data-test="list-skeleton">
  ${[0, 1, 2, 3, 4].map((key) => html`<div class="skeleton-row" key=${key}>
    <span class="skeleton skeleton-circle"></span><span class="skeleton-lines"><span class="skeleton"></span><span class="skeleton"></span></span>
  </div>`)}
</div>`;

const Empty = ({ onNew }) => html`<div class="empty" data-test="list-empty">
  <p><strong>No conversations yet</strong></p>
  <p>Start one with somebody: it appears on their screen at once.</p>
  <button type="button" class="button button-primary" onClick=${onNew}>New conversation</button>
</div>`;

const matches = (conversation, filter, me) => {
  const text = `${titleOf(conversation, me)} ${conversation.subject?.title ?? ""}`.toLowerCase();
  return text.includes(filter.trim().toLowerCase());
};

function Items({ filter, onNew }) {
  const session = useSession();
  const conversations = useChosen((state) => state.conversations);
  const view = useChosen((state) => state.view);
  const isLoaded = useChosen((state) => state.isListLoaded && state.isViewLoaded);
  const cursor = useChosen((state) => (state.view === "all" ? state.listCursor : state.viewCursor));
  const openId = useChosen((state) => state.openId);
  // Whoever looks for a name finds what is hidden too.
  const isHere = (conversation) => (filter && view === "all") || belongsTo(view, conversation, openId);
  const shown = inOrder(conversations).filter((conversation) => isHere(conversation) && matches(conversation, filter, session.me));
  const more = () => (view === "all" ? loadList(session, cursor) : loadViewPage(session, view, cursor));
  if (!isLoaded && !shown.length) return html`<${Skeleton} />`;
  if (!shown.length && filter) return html`<p class="empty">No conversation is called “${filter}”.</p>`;
  if (!shown.length && view !== "all") return html`<${EmptyView} view=${view} />`;
  if (!shown.length) return html`<${Empty} onNew=${onNew} />`;
  return html`<ul class="items" data-test="conversation-list">
      ${shown.map((conversation) => html`<${ConversationItem} key=${conversation.id} conversation=${conversation} isOpen=${conversation.id === openId} />`)}
    </ul>
    ${cursor && html`<button type="button" class="button more" data-test="more-conversations" onClick=${more}>Show more</button>`}`;
}

export function ConversationList() {
  const [filter, setFilter] = useState("");
  const [isStarting, setIsStarting] = useState(false);
  const start = () => setIsStarting(true);
  return html`<nav class="list-column" aria-label="Conversations">
    <div class="column-head">
      <p class="brand"><${Icon} name="stoa" size="24" />Stoa</p>
      <${Bell} />
      <${IconButton} name="compose" label="New conversation" hook="new-conversation" onClick=${start} />
    </div>
    <div class="filter"><${Icon} name="search" size="16" />
      <input type="search" placeholder="Search" aria-label="Search conversations and messages" data-test="filter" value=${filter} onInput=${(event) => setFilter(event.target.value)} />
    </div>
    <h2 class="visually-hidden">Conversations</h2>
    <${ListViews} />
    <div class="items-scroll"><${Items} filter=${filter} onNew=${start} /><${FoundMessages} words=${filter.trim()} /></div>
    <${MyStatus} />
    ${isStarting && html`<${NewConversation} onClose=${() => setIsStarting(false)} />`}
  </nav>`;
}
