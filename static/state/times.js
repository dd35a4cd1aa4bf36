// How moments are shown: the hour in a conversation, the day in a list.

const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const SHORT_WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const SHORT_DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const DAY_MS = 86_400_000;
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** Whole days between two moments, as the calendar counts them. */
const daysAgo = (date, now) => Math.round((midnight(now) - midnight(date)) / DAY_MS);

/** "29 Nov 2026". */
export const shortDateOf = (instant) => SHORT_DATE.format(new Date(instant));
export const dateOf = (instant) => DATE.format(new Date(instant));
export const hourOf = (instant) => HOUR.format(new Date(instant));
export const fullTimeOf = (instant) => FULL.format(new Date(instant));
export const dayKeyOf = (instant) => midnight(new Date(instant));

/** "Today", "Yesterday", "Tuesday", "Tuesday, 3 March". */
export function dayNameOf(instant, now = new Date()) {
  const date = new Date(instant);
  const days = daysAgo(date, now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return days > 1 && days < 7 ? WEEKDAY.format(date) : LONG_DAY.format(date);
}

/** The hour today, the weekday this week, the day before that. */
export function shortTimeOf(instant, now = new Date()) {
  const date = new Date(instant);
  const days = daysAgo(date, now);
  if (days === 0) return HOUR.format(date);
  return days > 0 && days < 7 ? SHORT_WEEKDAY.format(date) : DAY.format(date);
}

/** A moment to come, for the end of a sentence: "today, 14:00", "Friday, 14:00", "Friday, 4 December, 14:00". */
export function comingTimeOf(instant, now = new Date()) {
  const date = new Date(instant);
  const days = -daysAgo(date, now);
  const near = { 0: "today", 1: "tomorrow" }[days];
  const day = near ?? (days > 1 && days < 7 ? WEEKDAY.format(date) : LONG_DAY.format(date));
  return `${day}, ${HOUR.format(date)}`;
}

/** A moment that has been, as short as it stays clear: the hour today, with its day before. */
export function pastTimeOf(instant, now = new Date()) {
  const date = new Date(instant);
  return daysAgo(date, now) === 0 ? HOUR.format(date) : `${DAY.format(date)}, ${HOUR.format(date)}`;
}
