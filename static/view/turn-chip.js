// In the list: whose turn a deal is.
import { html } from "../vendor/htm-preact.js";
import { turnWords } from "../state/deal-words.js";
import { turnOf } from "../state/deals.js";
import { useSession } from "../state/session.js";

export function TurnChip({ conversation }) {
  const { me } = useSession();
  const words = turnWords(conversation, me);
  return words && html`<span class="turn-chip" data-test="turn-chip" data-turn=${turnOf(conversation, me)}>${words}</span>`;
}
