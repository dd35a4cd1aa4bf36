// The forms of a deal: what was typed becomes what is sent, or a sentence that says why not. The server checks the same again.
import { isSecureAddress } from "./links.js";
import { wordsOf } from "./names.js";
import { readAmount, shownMoney } from "./money.js";

/** The longest text where a field does not say. */
const LONGEST = 4_000;
const EMAIL = /^[^\s@<>",;]+@[^\s@<>",;]+\.[^\s@<>",;]+$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** The 30th of February is none. */
const isDay = (text) => DATE.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

export const labelOf = (field) => field.label ?? wordsOf(field.name);

const fits = (test, problem) => (text) => (test(text) ? { value: text } : { problem });

/** Beyond these, numbers are not exact in a browser. */
const [LEAST, MOST] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

function within(field, number, shown) {
  const [least, most] = [Math.max(field.min ?? LEAST, LEAST), Math.min(field.max ?? MOST, MOST)];
  if (number < least) return { problem: `At least ${shown(least)}.` };
  if (number > most) return { problem: `At most ${shown(most)}.` };
  return null;
}

function readNumber(text, field) {
  if (!/^[+-]?\d+$/.test(text)) return { problem: "A whole number, please." };
  const number = Number(text);
  return within(field, number, String) ?? { value: number };
}

function readPrice(text, field) {
  const { currency } = field;
  const amount = readAmount(text, currency);
  if (amount === null) return { problem: `An amount, please, written like ${shownMoney({ amount: 500_050, currency })}` };
  const shown = (bound) => shownMoney({ amount: bound, currency });
  return within(field, amount, shown) ?? { value: { amount, currency } };
}

function readWords(text, field) {
  const rest = (field.max_length ?? LONGEST) - [...text].length;
  return rest < 0 ? { problem: `${-rest} characters too many.` } : { value: text };
}

const READERS = {
  text: readWords,
  textarea: readWords,
  number: readNumber,
  money: readPrice,
  email: fits((text) => EMAIL.test(text), "An e-mail address, please, like name@example.com"),
  url: fits(isSecureAddress, "A web address, please, that begins with https://"),
  date: fits(isDay, "A day, please."),
};

/** One field. @returns {{value?: *, problem?: string}} neither where it may stay empty and is */
export function readField(field, typed) {
  const text = (typed ?? "").trim();
  if (text) return (READERS[field.type] ?? readWords)(text, field);
  return field.required ? { problem: "Please fill this in." } : {};
}

/** A whole form. @returns {{input: Object, problems: Object<string, string>}} problems by the name of their field */
export function readForm(fields, typed) {
  const [input, problems] = [{}, {}];
  for (const field of fields) {
    const { value, problem } = readField(field, typed[field.name]);
    if (problem) problems[field.name] = problem;
    else if (value !== undefined) input[field.name] = value;
  }
  return { input, problems };
}

/** Where a refusal belongs: beside the field that it names, or below the form. */
export function placeOf(error, fields) {
  const { field } = error.details ?? {};
  const isNamed = error.code === "INVALID_REQUEST" && fields.some((one) => one.name === field);
  if (!isNamed) return { problems: {}, problem: error.message };
  const reason = error.message.startsWith(`${field} `) ? error.message.slice(field.length + 1) : error.message;
  return { problems: { [field]: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.` }, problem: null };
}
