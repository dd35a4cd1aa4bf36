// What is to be paid, on its card; and how far the paying has come. Only the gateway's webhook moves the deal.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { checkOut } from "../state/acting.js";
import { shownMoney } from "../state/money.js";
import { useChosen } from "../state/session.js";
import { Checkout, ForeignCheckout } from "./checkout.js";

const SANDBOX = "sandbox";
const LONG_MS = 15_000;

const lastFailure = (steps) => (steps ?? []).filter((step) => step.action === "payment_failed").pop()?.seq ?? 0;

/** Paying: asked → confirming → the card is answered; or the attempt failed, and one may try again. */
function usePaying(orderId, failure) {
  const [state, setState] = useState({ name: "asked", problem: null, since: failure });
  const pay = async (outcome) => {
    setState({ name: "confirming", problem: null, since: failure });
    try {
      await checkOut(orderId, outcome);
    } catch (error) {
      setState({ name: "asked", problem: error.message, since: failure });
    }
  };
  useEffect(() => {
    if (state.name === "confirming" && failure > state.since) setState({ name: "asked", problem: "The payment did not go through. You can try again.", since: failure });
  }, [failure, state.name]);
  return [state, pay];
}

/** Whether something takes longer than one likes to wait. */
function useIsLong(isWaiting) {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    setIsLong(false);
    const timer = isWaiting && setTimeout(() => setIsLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);
  return isLong;
}

export function Payment({ card, conversation, isOpen, onClose }) {
  const config = card.payment_order.razorpay_config;
  const failure = useChosen((state) => lastFailure(state.steps[conversation.id]));
  const [state, pay] = usePaying(config?.order_id, failure);
  const isLong = useIsLong(state.name === "confirming");
  if (!config) return null;
  const Page = String(config.key_id).startsWith(SANDBOX) ? Checkout : ForeignCheckout;
  return html`<div class="payment" data-test="payment" data-state=${state.name}>
    <dl class="payment-facts"><div><dt>${config.description}</dt><dd data-test="payment-amount">${shownMoney(config)}</dd></div></dl>
    ${state.name === "confirming" && html`<p role="status" class="payment-state" data-test="payment-confirming">Confirming the payment …</p>`}
    ${isOpen && html`<${Page} config=${config} state=${state} isLong=${isLong} onPay=${pay} onClose=${onClose} />`}
  </div>`;
}
