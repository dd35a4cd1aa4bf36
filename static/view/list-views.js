// Which conversations the list shows, as a row of buttons above it, and what it says where there are none.
import { html } from "../vendor/htm-preact.js";
import { VIEWS, chooseView } from "../state/list-views.js";
import { useChosen, useSession } from "../state/session.js";

const NONE = {
  unread: "You have read everything.",
  starred: "Nothing is starred yet. The star is above each conversation.",
  hidden: "Nothing is hidden. What you hide stays here until somebody writes.",
};

export const EmptyView = ({ view }) => html`<p class="empty" data-test="view-empty">${NONE[view]}</p>`;

export function ListViews() {
  const session = useSession();
  const view = useChosen((state) => state.view);
  return html`<div class="views" role="group" aria-label="Which conversations">
    ${Object.entries(VIEWS).map(([name, label]) => html`<button type="button" key=${name} class="view" aria-pressed=${String(name === view)} data-test="view" data-view=${name}
      onClick=${() => chooseView(session, name)}>${label}</button>`)}
  </div>`;
}
