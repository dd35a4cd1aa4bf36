// Deals as plain data: how one stands, whose turn it is, who answered a card.
import { participantOf } from "./names.js";

/** How a deal stands, of what was known and what comes. Events that go to several leave out what each may do: at the same version it is still true. */
export function newerFlow(present, coming) {
  if (coming === undefined) return present ?? null;
  if (!coming || !present) return coming;
  if (coming.state_version < present.state_version) return present;
  const isWhole = coming.chat !== undefined;
  if (isWhole || coming.state_version > present.state_version) return coming;
  return { ...coming, chat: present.chat, available_actions: present.available_actions };
}

/** Whether it is not known what the reader may do in it. */
export const lacksOwnPart = (flow) => Boolean(flow) && flow.chat === undefined;

/** The steps of a deal, each once, in their order. What was filled in comes only with the log: it is kept. */
export function withSteps(present, coming) {
  const bySeq = new Map((present ?? []).map((step) => [step.seq, step]));
  for (const step of coming) bySeq.set(step.seq, { ...bySeq.get(step.seq), ...step });
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq);
}

/** A step as the log would have it, from the event that told of it. */
export function stepOf({ seq, previous_state, new_state, action, actor, actor_id, reason, state_version, timestamp }) {
  return { seq, previous_state, new_state, action, actor, actor_id, reason, state_version, timestamp };
}

/** Who answered a card, and with what: null while it is open. The first step that left its version behind has answered it. */
export function answerTo(card, steps, flow) {
  if (card.done) return card.done;
  if (!flow || flow.state_version <= card.state_version) return null;
  const step = (steps ?? []).find((one) => one.state_version > card.state_version);
  return step ? { action: step.action, actor: step.actor, actor_id: step.actor_id, at: step.timestamp } : { action: null, actor: null, at: null };
}

/** Whose turn it is. @returns {"none"|"over"|"mine"|"theirs"|"nobody"} */
export function turnOf({ flow, ...conversation }, me) {
  if (!flow) return "none";
  if (flow.phase === "over") return "over";
  if (!flow.awaiting_role) return "nobody";
  return participantOf(conversation, me)?.role === flow.awaiting_role ? "mine" : "theirs";
}

/** What may be done now and stands on no open card. */
export function actionsBesideCards(flow, messages) {
  if (!flow?.available_actions || flow.phase === "over") return flow?.available_actions ?? [];
  const open = messages.filter(({ action }) => action && !action.done && action.state_version === flow.state_version);
  const onCards = new Set(open.flatMap(({ action }) => action.actions.map((available) => available.action)));
  return flow.available_actions.filter((available) => !onCards.has(available.action));
}

/** The action on a card that leads to the checkout: the expected one, where there is an order to be paid. */
export function payingAction(card) {
  if (!card.payment_order?.razorpay_config) return null;
  const named = card.actions.find((available) => available.action === "proceed_to_payment");
  return named ?? card.actions.find((available) => ["success", "primary"].includes(available.style)) ?? null;
}
