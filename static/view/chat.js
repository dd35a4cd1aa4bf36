// The whole window: demo bar, connection bar, the columns, and what lies above them.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { useChosen, useSession } from "../state/session.js";
import { unreadTotal } from "../state/mine.js";
import { hush } from "../state/notices.js";
import { DemoBar } from "./demo-bar.js";
import { ConnectionBar } from "./connection-bar.js";
import { ConversationList } from "./conversation-list.js";
import { Conversation } from "./conversation.js";
import { ContextColumn } from "./context-column.js";
import { IconButton } from "./icon.js";
import { ThreadColumn } from "./thread-column.js";

function Notice() {
  const session = useSession();
  const notice = useChosen((state) => state.notice);
  return html`<div class="notice-place" role="status">
    ${notice && html`<div class="notice" data-test="notice"><span>${notice.text}</span>
      <${IconButton} name="close" label="Dismiss" hook="notice-close" onClick=${() => hush(session)} /></div>`}
  </div>`;
}

/** The number of unread messages stands in the window's title too. */
function useTitle() {
  const { me, profile } = useSession();
  const total = useChosen((state) => unreadTotal(state.conversations, me));
  useEffect(() => {
    document.title = `${total ? `(${total}) ` : ""}${profile.name ?? profile.user_id} · Stoa`;
  }, [total]);
}

export function Chat() {
  const conversation = useChosen((state) => state.conversations[state.openId]);
  const openId = useChosen((state) => state.openId);
  const opened = useChosen((state) => state.thread);
  const thread = opened?.conversation === openId ? opened : null;
  const [showsContext, setShowsContext] = useState(false);
  useEffect(() => setShowsContext(false), [openId]);
  useTitle();
  const toggle = () => setShowsContext((shows) => !shows);
  return html`<div class="window">
    <${DemoBar} />
    <${ConnectionBar} />
    <div class=${`columns ${openId ? "has-open" : ""} ${showsContext && !thread ? "shows-context" : ""} ${thread ? "shows-thread" : ""}`}>
      <${ConversationList} />
      <${Conversation} key=${openId} conversation=${conversation} isWaiting=${Boolean(openId)} showsContext=${showsContext} onContext=${toggle} />
      ${conversation && thread && html`<${ThreadColumn} key=${`thread-${thread.rootId}`} conversation=${conversation} thread=${thread} />`}
      ${conversation && !thread && html`<${ContextColumn} key=${`context-${openId}`} conversation=${conversation} isShown=${showsContext} onClose=${toggle} />`}
    </div>
    <${Notice} />
  </div>`;
}
