// The drawing of a whole flow, with the present state marked.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { drawingOf } from "../state/acting.js";
import { useSession } from "../state/session.js";
import { Dialog, FormError } from "./dialog.js";

export function FlowDrawing({ flow, title, onClose }) {
  const session = useSession();
  const [drawing, setDrawing] = useState(null);
  const [isLarge, setIsLarge] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    drawingOf(session, flow).then(setDrawing, (error) => setProblem(error.message));
  }, [flow.state]);
  return html`<${Dialog} title=${`${title}: the whole flow`} hook="flow-drawing" look="dialog-wide" onClose=${onClose}>
    <${FormError} text=${problem} />
    <div class=${`drawing-place ${isLarge ? "is-large" : ""}`} tabindex="0" role="group" aria-label="Drawing">
      ${drawing && html`<img src=${drawing} alt=${`All states of the flow and what leads from one to the other. The deal is at: ${flow.title}`} data-test="drawing" />`}
    </div>
    <footer class="dialog-foot">
      <button type="button" class="button" aria-pressed=${String(isLarge)} data-test="drawing-size" onClick=${() => setIsLarge(!isLarge)}>${isLarge ? "Fit the width" : "Show it larger"}</button>
    </footer>
  <//>`;
}
