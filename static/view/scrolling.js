// Where the message list stands: at the bottom as long as nobody scrolls up, in place while history grows above.
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";

const NEAR_BOTTOM = 48;
const NEAR_TOP = 240;

const distanceToBottom = (list) => list.scrollHeight - list.scrollTop - list.clientHeight;
const toBottom = (list) => (list.scrollTop = list.scrollHeight);

/** The first look: at the line "new since you left" where that is above the last screen, else at the end. */
function settle(list) {
  toBottom(list);
  const line = list.querySelector(".new-line");
  if (line && line.offsetTop < list.scrollTop + 24) list.scrollTop = line.offsetTop - 48;
}

/** Only going up leaves the bottom: content that grows below does not. */
function noteWhere(list, place) {
  const isAtBottom = distanceToBottom(list) < NEAR_BOTTOM;
  const hasGoneUp = list.scrollTop < place.top - 1;
  if (isAtBottom || hasGoneUp) place.isPinned = isAtBottom && !place.isPart;
  place.top = list.scrollTop;
}

/** Puts the list where it belongs after the rows have changed. The bottom of a part of the history is not the end: nothing is held there. What was the first message shows how much has come above it. */
function follow(list, place, rows, isPart) {
  const last = rows[rows.length - 1];
  Object.assign(place, { isPart, isPinned: place.isPinned && !isPart });
  const isMineAndNew = last?.key !== place.lastKey && last?.state === "pending";
  if (!place.isSettled) settle(list);
  else if (place.isPinned || isMineAndNew) toBottom(list);
  else if (place.anchor?.isConnected) list.scrollTop += place.anchor.offsetTop - place.anchorTop;
  const anchor = list.querySelector(".message, .system-line, .action-card");
  Object.assign(place, { anchor, anchorTop: anchor?.offsetTop, lastKey: last?.key, top: list.scrollTop, isSettled: true, isPinned: !isPart && distanceToBottom(list) < NEAR_BOTTOM });
}

/** Pictures that load and a window that changes must not move the bottom away. */
function useResizing(list, place) {
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (place.isPinned) toBottom(list.current);
      if (place.anchor) place.anchorTop = place.anchor.offsetTop;
    });
    observer.observe(list.current);
    observer.observe(list.current.firstElementChild);
    return () => observer.disconnect();
  }, []);
}

/** @returns {{isAway: boolean, onScroll: () => void, jump: () => void}} `isAway`: scrolled up from the end */
export function useScrolling({ list, rows, isReady, isPart, onNearTop, onMoved }) {
  const place = useRef({ isPinned: true, isSettled: false, top: 0 }).current;
  const [isAway, setIsAway] = useState(false);
  const look = () => {
    if (!list.current) return;
    noteWhere(list.current, place);
    setIsAway(!place.isPinned);
    if (list.current.scrollTop < NEAR_TOP) onNearTop();
    onMoved();
  };
  useLayoutEffect(() => {
    if (!isReady) return;
    follow(list.current, place, rows, isPart);
    setIsAway(!place.isPinned);
    onMoved();
  }, [rows, isReady]);
  useResizing(list, place);
  const jump = () => {
    toBottom(list.current);
    look();
  };
  return { isAway, onScroll: look, jump };
}
