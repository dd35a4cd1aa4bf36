// The drawing of a whole flow, with the present state marked.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { drawingOf } from "../state/acting.js";
import { useSession } from "../state/session.js";
import { Dialog, FormError } from "./dialog.js";

/** Where most of it is. */
const toMiddle = (place) => (place.scrollLeft = (place.scrollWidth - place.clientWidth) / 2);

export function FlowDrawing({ flow, title, onClose }) {
  const session = useSession();
  const [drawing, setDrawing] = useState(null);
  const place = useRef(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    drawingOf(session, flow).then(setDrawing, (error) => setProblem(error.message));
  }, [flow.state]);
  return html`<${Dialog} title=${`${title}: the whole flow`} hook="flow-drawing" look="dialog-wide" onClose=${onClose}>
    <${FormError} text=${problem} />
    <div class="drawing-place" ref=${place} tabindex="0" role="group" aria-label="Drawing">
      ${drawing && html`<img src=${drawing} alt=${`All states of the flow and what leads from one to the other. The deal is at: ${flow.title}`} data-test="drawing" onLoad=${() => toMiddle(place.current)} />`}
    </div>
  <//>`;
}
