// One field of a deal's form: its label, its control, what is wrong with it beside it.
import { html } from "../vendor/htm-preact.js";
import { labelOf } from "../state/forms.js";
import { plainAmount, signOf } from "../state/money.js";

/** What people write in their own language, from whichever side it is read. */
const WORDS = ["text", "textarea"];
const MODES = { money: "decimal", number: "numeric", email: "email", url: "url" };
/** The browser's own checks would speak before ours, each in its own way: only the day has its own control. */
const typeOf = (field) => (field.type === "date" ? "date" : "text");

function Control({ field, common }) {
  if (field.type === "textarea") return html`<textarea rows="3" ...${common}></textarea>`;
  const input = html`<input type=${typeOf(field)} inputmode=${MODES[field.type]} autocomplete="off" ...${common} />`;
  if (field.type !== "money") return input;
  return html`<span class="money"><span class="money-sign" aria-hidden="true">${signOf(field.currency)}</span>${input}</span>`;
}

/** How much room is left, once that gets scarce. */
function Rest({ field, typed }) {
  const rest = field.max_length - [...typed].length;
  if (!field.max_length || rest > 100) return null;
  return html`<span class=${rest < 0 ? "field-rest is-over" : "field-rest"} role="status">${rest} left</span>`;
}

export function FormField({ field, id, typed, problem, onType }) {
  const problemId = `${id}-problem`;
  const common = {
    id,
    value: typed,
    placeholder: field.placeholder ?? (field.type === "money" ? plainAmount(5_000, field.currency) : null),
    required: field.required,
    dir: WORDS.includes(field.type) ? "auto" : null,
    "aria-required": field.required ? "true" : null,
    "aria-invalid": problem ? "true" : null,
    "aria-describedby": problem ? problemId : null,
    "data-test": "card-field",
    "data-name": field.name,
    onInput: (event) => onType(event.target.value),
  };
  return html`<div class=${problem ? "field has-problem" : "field"}>
    <label for=${id}>${labelOf(field)}${field.currency ? html` <span class="quiet">(${field.currency})</span>` : null}${field.required ? null : html` <span class="quiet">(optional)</span>`}</label>
    <${Control} field=${field} common=${common} />
    <${Rest} field=${field} typed=${typed} />
    ${problem && html`<p class="form-error" id=${problemId} data-test="field-error" data-name=${field.name}>${problem}</p>`}
  </div>`;
}
