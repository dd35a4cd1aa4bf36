// Everybody whom I could talk to, as far as this page knows: the demo's people, and those I share a conversation with.
import { nameOf } from "./names.js";

export function acquaintances({ people, store, me }) {
  const known = new Map();
  const met = Object.values(store.get().conversations).flatMap((conversation) => conversation.participants);
  for (const person of [...(people ?? []), ...met]) {
    if (person.user_id !== me) known.set(person.user_id, { ...person, about: known.get(person.user_id)?.about ?? person.about });
  }
  return [...known.values()].sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
}
