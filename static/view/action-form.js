// The form of an action: checked before it is sent, and what the server finds wrong shown at the same places.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { draftOf, keepDraft } from "../state/drafts.js";
import { placeOf, readForm } from "../state/forms.js";
import { useSession } from "../state/session.js";
import { FormError } from "./dialog.js";
import { FormField } from "./form-field.js";
import { styleOf } from "./action-button.js";

const NOTHING = { problems: {}, problem: null };

function remembered(me, key) {
  try {
    return JSON.parse(draftOf(me, key)) ?? {};
  } catch {
    return {};
  }
}

/** What is typed outlives a reload, until it is sent. */
function useTyped(key) {
  const { me } = useSession();
  const [typed, setTyped] = useState(() => remembered(me, key));
  const type = (name, text) => {
    const next = { ...typed, [name]: text };
    setTyped(next);
    keepDraft(me, key, JSON.stringify(next));
  };
  return [typed, type, () => keepDraft(me, key, "")];
}

/** Puts the focus on the first field: where the form was asked for, and where something is wrong. */
function useFocus(form, found, takesFocus) {
  useEffect(() => {
    if (takesFocus) form.current.querySelector("input, textarea").focus();
  }, []);
  useEffect(() => {
    form.current.querySelector("[aria-invalid=true]")?.focus();
    if (found !== NOTHING) form.current.scrollIntoView({ block: "nearest" });
  }, [found]);
}

/** @param {{available: Object, id: string, draftKey: string, takesFocus?: boolean, onSend: (input: Object) => Promise<void>, children?: *}} props `children`: buttons beside the one that sends */
export function ActionForm({ available, id, draftKey, takesFocus, onSend, children }) {
  const form = useRef(null);
  const [typed, type, forget] = useTyped(draftKey);
  const [found, setFound] = useState(NOTHING);
  const [isSending, setIsSending] = useState(false);
  useFocus(form, found, takesFocus);
  const submit = async (event) => {
    event.preventDefault();
    if (isSending) return;
    const { input, problems } = readForm(available.input, typed);
    if (Object.keys(problems).length) return setFound({ problems, problem: null });
    setFound(NOTHING);
    setIsSending(true);
    await onSend(input).then(forget, (error) => setFound(placeOf(error, available.input)));
    setIsSending(false);
  };
  return html`<form class="action-form" ref=${form} novalidate onSubmit=${submit} data-test="action-form" data-action=${available.action}>
    ${available.input.map((field) => html`<${FormField} key=${field.name} field=${field} id=${`${id}-${field.name}`} typed=${typed[field.name] ?? ""}
      problem=${found.problems[field.name]} onType=${(text) => type(field.name, text)} />`)}
    <${FormError} text=${found.problem} />
    <div class="buttons"><button class=${`button ${styleOf(available)}`} aria-disabled=${isSending ? "true" : null} data-test="submit" data-action=${available.action}>${available.label}</button>${children}</div>
  </form>`;
}
