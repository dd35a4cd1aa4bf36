// Going from message to message: with the arrow keys, and from an answer to what it answers.

const MESSAGES = "article.message";
const STEPS = { ArrowUp: (at) => at - 1, ArrowDown: (at) => at + 1, Home: () => 0, End: (_at, last) => last };

/** Arrow keys, Home and End while a message has the focus. */
export function moveFocus(event) {
  const step = STEPS[event.key];
  if (!step || !event.target.matches(MESSAGES)) return;
  const all = [...event.currentTarget.querySelectorAll(MESSAGES)];
  const next = all[step(all.indexOf(event.target), all.length - 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const FLASH_MS = 1_600;
/** So many pages of history are looked through for a quoted message. */
const PAGES = 10;
const drawn = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Scrolls to a message, through history if need be. @returns {Promise<boolean>} whether it was found */
export async function showMessage(list, id, loadOlder) {
  for (let page = 0; page <= PAGES; page += 1) {
    const found = list.querySelector(`${MESSAGES}[data-id="${CSS.escape(id)}"]`);
    if (found) {
      found.scrollIntoView({ block: "center" });
      found.focus({ preventScroll: true });
      found.classList.add("is-shown");
      setTimeout(() => found.classList.remove("is-shown"), FLASH_MS);
      return true;
    }
    if (!(await loadOlder())) return false;
    await drawn();
  }
  return false;
}
