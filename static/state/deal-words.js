// What happens in a deal, in words: who, what, whose turn, until when.
import { turnOf } from "./deals.js";
import { knownPersonOf, nameOf, wordsOf } from "./names.js";
import { comingTimeOf } from "./times.js";

const ACTORS = { staff: "Support", system: "The flow", timer: "The clock", payment: "The payment" };

/** Who did something: "You", somebody's first name, or what it was if nobody did. */
export function actorName({ actor, actor_id: id }, conversation, me) {
  if (id === me) return "You";
  const person = knownPersonOf(conversation, id);
  if (person || (id && !ACTORS[actor])) return firstNameOf(person ?? { user_id: id });
  return ACTORS[actor] ?? (actor ? wordsOf(actor) : "Somebody");
}

const firstNameOf = (person) => nameOf(person).split(" ")[0];

/** The names of those with a role here, or the role where nobody has it. */
export function namesOfRole(role, conversation) {
  const names = conversation.participants.filter((person) => person.role === role).map(firstNameOf);
  return names.join(" and ") || wordsOf(role);
}

/** What happens in a deal without anybody's pressing. */
const HAPPENINGS = {
  start: "The deal began",
  then: "Went on by itself",
  deadline: "Time ran out",
  payment_ready: "The checkout is ready",
  payment_failed: "A payment did not go through",
  paid: "Paid",
  paid_late: "Paid, too late",
  paid_again: "Paid twice",
  wrong_amount: "Another amount was paid",
  refunded: "The money went back",
};

/** A label without the places that only a running deal fills in. */
const plain = (label) => label.replace(/\s*\{[^}]*\}/g, "").trim();

/** What an action is called: on the button that was pressed, or in the definition. */
export function actionWords(name, outline, availableActions = []) {
  const available = availableActions.find((one) => one.action === name);
  const action = outline?.actions.find((one) => one.name === name);
  if (name?.startsWith("remind_")) return "Reminded";
  return available?.label ?? (action?.label ? plain(action.label) : HAPPENINGS[name]) ?? wordsOf(name ?? "Answered");
}

/** "Your turn", "Waiting for Priya"; null where nobody waits. */
export function turnWords(conversation, me) {
  const turn = turnOf(conversation, me);
  if (turn === "mine") return "Your turn";
  return turn === "theirs" ? `Waiting for ${namesOfRole(conversation.flow.awaiting_role, conversation)}` : null;
}

/** ", until Friday, 14:00", or nothing where there is no deadline. */
export const untilWords = ({ deadline }) => (deadline ? `, until ${comingTimeOf(deadline)}` : "");

/** Why only an available action can be taken now, and what everybody waits for. */
export function standingWords(conversation, me) {
  const { flow } = conversation;
  if (flow.phase === "over") return "This deal is over. It can be read, and nothing can be added.";
  const words = turnWords(conversation, me);
  return words ? `${words}${untilWords(flow)}` : `This goes on by itself${untilWords(flow)}`;
}
