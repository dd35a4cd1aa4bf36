// Who is typing, in words.
import { html } from "../vendor/htm-preact.js";
import { nameOf, personOf } from "../state/names.js";
import { useChosen } from "../state/session.js";

/** "Mira is typing …", or nothing. */
export function typingSentence(conversation, typing) {
  const names = Object.keys(typing ?? {}).map((id) => nameOf(personOf(conversation, id)).split(" ")[0]);
  if (!names.length) return null;
  if (names.length > 2) return "Several people are typing …";
  return `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing …`;
}

export function TypingLine({ conversation }) {
  const typing = useChosen((state) => state.typing[conversation.id]);
  const sentence = typingSentence(conversation, typing);
  return html`<div class="typing-place" role="status">${sentence && html`<span data-test="typing">${sentence}</span>`}</div>`;
}
