// What is really on the screen: only that counts as seen.
import { useEffect, useRef } from "../vendor/htm-preact.js";
import { markSeen } from "../state/receipts.js";
import { useChosen, useSession } from "../state/session.js";

const GATHER_MS = 100;
/** So much of a message must be on the screen, in pixels. */
const ENOUGH = 24;

/** Covered by a dialog or another column, or in a window that nobody sees, it is not on the screen. */
function isUncovered(list) {
  if (document.hidden) return false;
  const { left, top, width, height } = list.getBoundingClientRect();
  const inFront = document.elementFromPoint(left + width / 2, top + height / 2);
  return list.contains(inFront);
}

/** The highest seq among the messages of others that are on the screen. */
function seqOnScreen(list) {
  const bottom = list.getBoundingClientRect().bottom;
  const received = [...list.querySelectorAll("[data-seq]")];
  const shown = received.reverse().find((message) => message.getBoundingClientRect().top + ENOUGH <= bottom);
  return shown ? Number(shown.dataset.seq) : 0;
}

/** @returns {() => void} to be called when something has moved */
export function useSeeing(list, conversationId) {
  const session = useSession();
  const connection = useChosen((state) => state.connection.state);
  const timer = useRef(null);
  const look = () => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      if (list.current && isUncovered(list.current)) markSeen(session, conversationId, seqOnScreen(list.current));
    }, GATHER_MS);
  };
  useEffect(() => {
    const listeners = [[document, "visibilitychange"], [window, "focus"], [window, "resize"]];
    for (const [target, name] of listeners) target.addEventListener(name, look);
    return () => {
      for (const [target, name] of listeners) target.removeEventListener(name, look);
      clearTimeout(timer.current);
    };
  }, []);
  useEffect(look, [connection]);
  return look;
}
