// The page of the gateway. Here the sandbox stands for it: it moves no money, and posts the same webhooks.
import { html } from "../vendor/htm-preact.js";
import { shownMoney } from "../state/money.js";
import { Dialog, FormError } from "./dialog.js";

const Facts = ({ config }) => html`<dl class="checkout-facts">
  <div><dt>To</dt><dd>${config.name}</dd></div>
  <div><dt>For</dt><dd>${config.description}</dd></div>
  ${config.prefill?.name && html`<div><dt>From</dt><dd>${config.prefill.name}</dd></div>`}
  <div><dt>Order</dt><dd class="checkout-order">${config.order_id}</dd></div>
</dl>`;

const Confirming = ({ isLong, onClose }) => html`<div class="checkout-wait" role="status" data-test="checkout-confirming">
    <p><strong>Confirming …</strong></p>
    <p class="quiet">${isLong ? "This takes longer than usual. You can close this: the deal goes on by itself when the payment has arrived." : "The gateway tells the server; only that moves the deal."}</p>
  </div>
  ${isLong && html`<footer class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Close</button></footer>`}`;

const Choice = ({ config, state, onPay }) => html`
  <${FormError} text=${state.problem} />
  <footer class="dialog-foot checkout-foot">
    <button type="button" class="button" data-test="checkout-fail" onClick=${() => onPay("failure")}>Let it fail</button>
    <button type="button" class="button action-success" data-test="checkout-pay" onClick=${() => onPay("success")}>Pay ${shownMoney(config)}</button>
  </footer>`;

export const Checkout = ({ config, state, isLong, onPay, onClose }) => html`<${Dialog} title="Checkout" hook="checkout" onClose=${onClose}>
  <p class="checkout-note" data-test="checkout-note"><strong>Sandbox.</strong> This stands for the payment gateway’s own page. No real money moves.</p>
  <p class="checkout-amount">${shownMoney(config)}</p>
  <${Facts} config=${config} />
  ${state.name === "confirming" ? html`<${Confirming} isLong=${isLong} onClose=${onClose} />` : html`<${Choice} config=${config} state=${state} onPay=${onPay} />`}
<//>`;

/** With a real gateway, its own script opens its page; this page loads no script of others. */
export const ForeignCheckout = ({ config, onClose }) => html`<${Dialog} title="Checkout" hook="checkout" onClose=${onClose}>
  <p>Here your platform’s page opens Razorpay’s checkout with these options. This demo loads no scripts of other servers.</p>
  <pre class="checkout-options" tabindex="0" aria-label="Options">${JSON.stringify(config, null, 2)}</pre>
  <footer class="dialog-foot"><button type="button" class="button" onClick=${onClose}>Close</button></footer>
<//>`;
