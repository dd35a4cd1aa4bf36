// The guide's renderMessage and renderActionMessage, without JSX.
import { shownMoney } from "../state/money.js";
import { current } from "./calls.js";

/** An element with properties and children; texts stay texts. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  const { dataset, ...rest } = properties;
  Object.assign(made, rest);
  Object.assign(made.dataset, dataset);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function renderMessage(message, act) {
  const { action_required, action_data } = message;
  return action_required && action_data ? renderActionMessage(message, act) : renderTextMessage(message);
}

function renderTextMessage(message) {
  const mine = message.sender_id === current.userId ? " mine" : "";
  return element("div", { className: `message${mine}`, dataset: { test: "message", id: message.id } }, message.message);
}

function renderActionMessage(message, act) {
  const { action_data } = message;
  return element("div", { className: "action-message", dataset: { test: "action", id: message.id } },
    element("h4", {}, action_data.title),
    element("p", {}, action_data.subtitle ?? ""),
    action_data.buttons && renderButtons(action_data.buttons, act),
    action_data.input_field && renderInput(action_data, act),
    action_data.payment_order && renderPayment(action_data.payment_order, act),
  );
}

/** The amount is in the currency's smallest unit: paise, yen. */
function renderPayment({ razorpay_config: config }, act) {
  const text = `Pay ${shownMoney(config)}`;
  const pay = element("button", { type: "button", className: "btn btn-success", dataset: { test: "pay" } }, text);
  pay.addEventListener("click", () => act.pay(config));
  return element("div", { className: "action-buttons" }, pay);
}

/** A form that is on its way is not sent twice. What was typed stays, should it be refused. */
function whileBusy(form, work) {
  const fields = [...form.elements];
  fields.forEach((field) => (field.disabled = true));
  work.finally(() => fields.forEach((field) => (field.disabled = false)));
}

function renderButtons(buttons, act) {
  const press = (button, form) => act.click(button.id, Object.fromEntries(new FormData(form)));
  return element("div", { className: "action-buttons" }, ...buttons.map((button) => renderButton(button, press)));
}

/** A button alone, or, where a submission of several fields belongs to it, its form. */
function renderButton(button, press) {
  const fields = (button.data?.fields ?? []).map((field) => renderField(field, field.id));
  const pressed = element("button", { className: `btn btn-${button.style}`, dataset: { test: button.id } }, button.text);
  const form = element("form", { className: "input-field" }, ...fields, pressed);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form, press(button, form));
  });
  return form;
}

function renderInput({ input_field, submit_button }, act) {
  const field = renderField(input_field, "text");
  const submit = element("button", { className: `btn btn-${submit_button.style}`, dataset: { test: "submit" } }, submit_button.text);
  const form = element("form", { className: "input-field" }, field, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form, act.submit(field.value, input_field.id));
  });
  return form;
}

function renderField({ type, placeholder, required, maxLength }, name) {
  const field = element("input", { type: type === "textarea" ? "text" : type, placeholder, required, name, dataset: { test: `field-${name}` } });
  field.setAttribute("aria-label", placeholder || name);
  if (maxLength) field.maxLength = maxLength;
  return field;
}
