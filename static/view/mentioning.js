// Completing a mention while somebody writes: with the keys, or by pressing a name.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { mentionsIn, offeredAt, withMention } from "../state/mentions.js";
import { useSession } from "../state/session.js";

/** Who is offered behind an @, which of them the keys have reached, and who was chosen. */
export function useMentions(area, conversation, text, setText) {
  const { profile } = useSession();
  const [chosen, setChosen] = useState([]);
  const [reached, setReached] = useState(0);
  /** The text for which somebody wanted no name. */
  const [declined, setDeclined] = useState(null);
  useEffect(() => {
    if (declined !== null && declined !== text) setDeclined(null);
  }, [text]);
  const caret = () => area.current?.selectionStart ?? text.length;
  const offered = declined === text ? [] : offeredAt(text, caret(), conversation, profile);
  const at = Math.min(reached, offered.length - 1);
  const choose = (person) => {
    const changed = withMention(text, caret(), person);
    setText(changed.text);
    setChosen([...chosen, person]);
    setReached(0);
    // The caret still stands where the name began.
    setDeclined(changed.text);
    area.current.focus();
    setTimeout(() => area.current?.setSelectionRange(changed.caret, changed.caret));
  };
  /** Whether a key was for the names. */
  const press = (event) => {
    if (!offered.length) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (steps) setReached((at + steps + offered.length) % offered.length);
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) choose(offered[at]);
    else if (event.key === "Escape") setDeclined(text);
    else return false;
    event.preventDefault();
    return true;
  };
  return { offered, at, choose, press, mentioned: () => mentionsIn(text, chosen) };
}

/** The id of the element with a name. */
export const idOf = (list, person) => `${list}-${person.user_id}`;

/** What a text field says of the names, for a screen reader. */
export const offering = ({ offered, at }, list) => ({
  "aria-autocomplete": "list",
  "aria-haspopup": "listbox",
  "aria-controls": offered.length ? list : undefined,
  "aria-activedescendant": offered.length ? idOf(list, offered[at]) : undefined,
});
