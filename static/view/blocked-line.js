// In the composer's place, where I have blocked the other one of two.
import { html } from "../vendor/htm-preact.js";
import { isBlocked, unblock } from "../state/blocks.js";
import { counterpartOf, nameOf } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { useAttempt } from "./attempt.js";
import { FormError } from "./dialog.js";

/** The other one of a direct conversation, if I have blocked them. A deal that runs goes on all the same. */
export function useBlockedCounterpart(conversation) {
  const { me } = useSession();
  const blocked = useChosen((state) => state.blocked);
  const other = conversation?.kind === "direct" ? counterpartOf(conversation, me) : null;
  const isRunning = conversation?.flow?.phase === "running";
  return other && !isRunning && isBlocked(blocked, other.user_id) ? other : null;
}

export function BlockedLine({ person }) {
  const session = useSession();
  const { attempt, problem, isWaiting } = useAttempt();
  return html`<div class="composer-closed" data-test="blocked-line">
    You blocked ${nameOf(person)}: neither of you can write here.${" "}
    <button type="button" class="link-button" disabled=${isWaiting} data-test="unblock" onClick=${() => attempt(() => unblock(session, person.user_id))}>Unblock</button>
    <${FormError} text=${problem} />
  </div>`;
}
