// The deal in the right column: its map, what else one may do, its log and its drawing.
import { html, useState } from "../vendor/htm-preact.js";
import { outlineKey } from "../state/acting.js";
import { turnWords, untilWords } from "../state/deal-words.js";
import { actionsBesideCards, turnOf } from "../state/deals.js";
import { mapOf } from "../state/deal-map.js";
import { useChosen, useSession } from "../state/session.js";
import { fullTimeOf, pastTimeOf } from "../state/times.js";
import { EMPTY } from "../stoa-timeline.js";
import { DealLog } from "./deal-log.js";
import { FlowDrawing } from "./flow-drawing.js";
import { AvailableActions } from "./available-actions.js";

/** What leads there, or led on from there: shown while the pointer is on it or the focus on the map, always there for a screen reader. */
const How = ({ how }) => (how.length ? html`<span class="map-how">${how.join(" · ")}</span>` : null);

function MapStep({ step, conversation }) {
  const { me } = useSession();
  const { kind, name, title, at, count, how } = step;
  const turn = turnWords(conversation, me);
  return html`<li class=${`map-place map-${kind}`} aria-current=${kind === "current" ? "step" : null} data-test="map-place" data-kind=${kind} data-name=${name}>
    <span class="map-title">${title}${count > 1 && html` <span class="quiet" title=${`${count} times`}>×${count}</span>`}</span>
    ${at && html`<time class="map-time" datetime=${at} title=${fullTimeOf(at)}>${pastTimeOf(at)}</time>`}
    ${kind === "current" && turn && html`<span class="map-turn" data-turn=${turnOf(conversation, me)}>${turn}${untilWords(conversation.flow)}</span>`}
    <${How} how=${how} />
  </li>`;
}

export function Deal({ conversation }) {
  const { me } = useSession();
  const { flow } = conversation;
  const [dialog, setDialog] = useState(null);
  const steps = useChosen((state) => state.steps[conversation.id]);
  const outline = useChosen((state) => state.outlines[outlineKey(flow)]);
  const { messages } = useChosen((state) => state.timelines[conversation.id]) ?? EMPTY;
  const close = () => setDialog(null);
  return html`<section class="context-part deal" aria-labelledby="deal-title" data-test="deal" data-state=${flow.state}>
    <h3 id="deal-title">Deal ${outline && html`<span class="quiet">· ${outline.title}</span>`}</h3>
    <ol class="deal-map" tabindex="0" aria-label="The deal’s progress" data-test="deal-map">
      ${mapOf({ conversation, steps, outline, me }).map((step) => html`<${MapStep} key=${`${step.kind}-${step.name}`} step=${step} conversation=${conversation} />`)}
    </ol>
    <${AvailableActions} key=${flow.state_version} availableActions=${actionsBesideCards(flow, messages)} id=${`deal-${conversation.id}`} conversation=${conversation} version=${flow.state_version} outline=${outline} />
    <div class="deal-links">
      <button type="button" class="link-button" data-test="deal-log-open" onClick=${() => setDialog("log")}>What happened</button>
      <button type="button" class="link-button" data-test="flow-drawing-open" onClick=${() => setDialog("drawing")}>The whole flow</button>
    </div>
    ${dialog === "log" && html`<${DealLog} conversation=${conversation} outline=${outline} onClose=${close} />`}
    ${dialog === "drawing" && html`<${FlowDrawing} flow=${flow} title=${outline?.title ?? flow.name} onClose=${close} />`}
  </section>`;
}
