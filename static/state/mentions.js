// Mentions while somebody writes: who is offered behind an @, and whom the text mentions in the end.
import { manages, nameOf, othersIn } from "./names.js";

/** An @ at the beginning of a word, and what follows it up to the caret. */
const BEGUN = /(?:^|\s)@([^\s@]*)$/;
const OFFERED = 6;
const EVERYBODY = { user_id: "all", name: "all" };

/** What stands in the text for somebody. */
const wordOf = (person) => `@${nameOf(person)}`;

/** Those whose name begins with what was typed behind the @ before the caret. */
export function offeredAt(text, caret, conversation, profile) {
  const begun = BEGUN.exec(text.slice(0, caret))?.[1];
  if (begun === undefined) return [];
  const everybody = manages(conversation, profile) ? [EVERYBODY] : [];
  const people = [...othersIn(conversation, profile.user_id), ...everybody];
  const fits = (person) => nameOf(person).toLowerCase().startsWith(begun.toLowerCase());
  return people.filter(fits).slice(0, OFFERED);
}

/** The text with the name of somebody in place of what was typed behind the @. */
export function withMention(text, caret, person) {
  const before = text.slice(0, caret).replace(/@[^\s@]*$/, `${wordOf(person)} `);
  return { text: before + text.slice(caret), caret: before.length };
}

/** The ids of those who were chosen and whose names are still there. */
export const mentionsIn = (text, chosen) => [...new Set(chosen.filter((person) => text.includes(wordOf(person))).map((person) => person.user_id))];
