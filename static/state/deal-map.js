// The map of a deal: where it has been, where it stands, where it can go, from its log and its definition.
import { actionWords, actorName, namesOfRole } from "./deal-words.js";
import { wordsOf } from "./names.js";

const stateNamed = (outline, name) => outline?.states.find((state) => state.name === name);
export const titleOfState = (outline, name) => stateNamed(outline, name)?.title ?? wordsOf(name ?? "");

/** Every entering of a state, in order. A beginning that was left by itself says nothing. */
function visitsOf(steps) {
  const visits = [];
  for (const step of steps) {
    if (visits[visits.length - 1]?.name !== step.new_state) visits.push({ name: step.new_state, at: step.timestamp, step });
  }
  return visits[1]?.step.action === "then" ? visits.slice(1) : visits;
}

/** The states that were left, each where it was entered last, and how it was left. */
function pastOf(visits, current, describe) {
  const past = new Map();
  visits.slice(0, -1).forEach(({ name, at }, place) => {
    const count = (past.get(name)?.count ?? 0) + 1;
    past.delete(name);
    past.set(name, { name, at, count, how: [describe(visits[place + 1].step)] });
  });
  return [...past.values()].filter(({ name }) => name !== current);
}

/** What can happen in a state: by whom, what it is called, where it leads. What support may do is no part of the way. */
function waysFrom(outline, name, conversation) {
  const pressed = outline.actions.filter(({ from, by }) => from.includes(name) && by.some((role) => outline.roles.includes(role)));
  const ways = pressed.flatMap((action) => {
    const roles = action.by.filter((role) => outline.roles.includes(role));
    const who = roles.map((role) => namesOfRole(role, conversation)).join(" or ");
    return action.to.map((to) => ({ to, how: `${who}: ${actionWords(action.name, outline)}` }));
  });
  const alone = Object.entries(stateNamed(outline, name)?.by_itself ?? {}).filter(([what]) => what !== "too_often");
  return [...ways, ...alone.flatMap(([what, all]) => all.map((to) => ({ to, how: actionWords(what, outline) })))];
}

/** The states that can follow, in reading order. */
function nextOf(outline, current, conversation) {
  const ways = waysFrom(outline, current, conversation).filter(({ to }) => to !== current);
  const isNext = (state) => ways.some(({ to }) => to === state.name);
  return outline.states.filter(isNext).map(({ name }) => ({ name, how: ways.filter(({ to }) => to === name).map(({ how }) => how) }));
}

/** @returns {{kind: "past"|"current"|"next", name: string, title: string, at?: string, count?: number, how: string[]}[]} from the beginning on */
export function mapOf({ conversation, steps, outline, me }) {
  const { flow } = conversation;
  const visits = visitsOf((steps ?? []).filter((step) => step.state_version <= flow.state_version));
  const describe = (step) => `${actorName(step, conversation, me)}: ${actionWords(step.action, outline)}`;
  const places = [
    ...pastOf(visits, flow.state, describe).map((place) => ({ kind: "past", ...place })),
    { kind: "current", name: flow.state, at: flow.entered_at, count: visits.filter(({ name }) => name === flow.state).length, how: [] },
    ...(outline && flow.phase !== "over" ? nextOf(outline, flow.state, conversation) : []).map((place) => ({ kind: "next", ...place })),
  ];
  return places.map((place) => ({ ...place, title: place.kind === "current" ? flow.title : titleOfState(outline, place.name) }));
}

/** Whether an action says no for good: to be asked about once more. */
export function endsDeal(available, outline) {
  if (available.input.length || !["danger", "secondary"].includes(available.style)) return false;
  const leads = outline?.actions.find(({ name }) => name === available.action)?.to;
  return leads ? leads.length > 0 && leads.every((name) => stateNamed(outline, name)?.terminal) : available.style === "danger";
}
