// What a conversation is for me alone: of what I am notified and until when, unread again, hidden.
import { html } from "../vendor/htm-preact.js";
import { changeMine, hide, lastOfOthers, levelOf, markUnread, mineOf } from "../state/mine.js";
import { useChosen, useSession } from "../state/session.js";
import { comingTimeOf, shortDateOf } from "../state/times.js";
import { useAttempt } from "./attempt.js";
import { FormError } from "./dialog.js";

const LEVELS = { all: "All messages", mentions: "Only mentions of me", none: "Nothing" };

const HOUR_MS = 3_600_000;

/** Eight in the morning, so many days from now. */
function morning(days) {
  const at = new Date();
  at.setDate(at.getDate() + days);
  at.setHours(8, 0, 0, 0);
  return at;
}

const FAR_MS = 6 * 24 * HOUR_MS;

/** The hour where the end is near, the date where it is far. */
const labelOf = (at) => `Until ${new Date(at) - Date.now() < FAR_MS ? comingTimeOf(at) : shortDateOf(at)}`;

/** Until when something else than all messages holds. */
const ENDS = {
  ever: { label: () => "Until I change it", at: () => null },
  hour: { label: () => "For an hour", at: () => new Date(Date.now() + HOUR_MS) },
  morning: { label: () => labelOf(morning(1)), at: () => morning(1) },
  week: { label: () => "For a week", at: () => morning(7) },
};

function Ends({ until, onChange }) {
  const chosen = until ? "set" : "ever";
  const choose = (event) => {
    const end = ENDS[event.target.value];
    // Until the server has agreed, the old one is shown.
    event.target.value = chosen;
    if (end) onChange(end.at());
  };
  const offered = Object.entries(ENDS).filter(([, { label }]) => !until || label() !== labelOf(until));
  return html`<label class="field"><span>For how long</span>
    <select data-test="notify-until" value=${chosen} onChange=${choose}>
      ${until && html`<option value="set" selected>${labelOf(until)}</option>`}
      ${offered.map(([name, { label }]) => html`<option value=${name} key=${name} selected=${name === chosen}>${label()}</option>`)}
    </select>
  </label>`;
}

function Level({ conversation, attempt }) {
  const session = useSession();
  const level = levelOf(conversation);
  const set = (notify) => attempt(() => changeMine(session, conversation.id, { notify }));
  const choose = (event) => {
    const wanted = event.target.value;
    event.target.value = level;
    set({ level: wanted });
  };
  return html`<label class="field"><span>Notify me of</span>
      <select data-test="notify-level" value=${level} onChange=${choose}>
        ${Object.entries(LEVELS).map(([name, label]) => html`<option value=${name} key=${name} selected=${name === level}>${label}</option>`)}
      </select>
    </label>
    ${level !== "all" && html`<${Ends} until=${mineOf(conversation).notify.until} onChange=${(at) => set({ level, until: at?.toISOString() })} />`}`;
}

export function ForMe({ conversation }) {
  const session = useSession();
  const { attempt, problem } = useAttempt();
  // Asked again whenever something is said here.
  useChosen((state) => state.timelines[conversation.id]);
  if (!conversation.my_role) return null;
  const { id } = conversation;
  const { hidden } = mineOf(conversation);
  const show = () => attempt(() => changeMine(session, id, { hidden: false }));
  return html`<section class="context-part" data-test="for-me">
    <h3>For you</h3>
    <${Level} conversation=${conversation} attempt=${attempt} />
    <div class="buttons">
      <button type="button" class="button" disabled=${!lastOfOthers(session, id)} data-test="mark-unread" onClick=${() => markUnread(session, id)}>Mark as unread</button>
      <button type="button" class="button" data-test="hide" onClick=${hidden ? show : () => attempt(() => hide(session, id))}>${hidden ? "Show in the list" : "Hide"}</button>
    </div>
    <${FormError} text=${problem} />
  </section>`;
}
