// In the composer's place: whose turn it is and until when; the way to the card that waits.
import { html } from "../vendor/htm-preact.js";
import { EMPTY } from "../stoa-timeline.js";
import { standingWords } from "../state/deal-words.js";
import { turnOf } from "../state/deals.js";
import { useChosen, useSession } from "../state/session.js";
import { Icon } from "./icon.js";

/** Brings the card into view and puts the focus on what is to be pressed or filled in. */
function showCard() {
  const card = [...document.querySelectorAll(".action-card.is-open")].pop();
  card?.scrollIntoView({ block: "center" });
  (card?.querySelector(".available-actions input, .available-actions textarea, .available-actions button") ?? card)?.focus({ preventScroll: true });
}

export function TurnLine({ conversation }) {
  const { me } = useSession();
  const turn = turnOf(conversation, me);
  const { title, phase, state_version: version } = conversation.flow;
  const { messages } = useChosen((state) => state.timelines[conversation.id]) ?? EMPTY;
  const asked = messages.findLast(({ action }) => action?.state_version === version)?.action.title;
  return html`<div class=${`turn-line turn-${turn}`} role="status" data-test="turn-line" data-turn=${turn}>
    <${Icon} name=${turn === "theirs" ? "clock" : "flow"} />
    <p><strong data-test="turn-words">${standingWords(conversation, me)}</strong>${phase !== "over" && html` <span class="quiet">${(turn === "mine" && asked) || title}</span>`}</p>
    ${turn === "mine" && asked && html`<button type="button" class="link-button" data-test="show-card" onClick=${showCard}>Show it</button>`}
  </div>`;
}
