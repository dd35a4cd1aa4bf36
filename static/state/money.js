// Money: shown as people write it, and read from what they type without ever guessing.

const DIGITS = { JPY: 0, KRW: 0, VND: 0, CLP: 0, ISK: 0, UGX: 0, XAF: 0, XOF: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3 };
const SIGNS = { INR: ["₹", "Rs.", "Rs"], USD: ["$"], EUR: ["€"], GBP: ["£"], JPY: ["¥"] };

/** A whole number, in groups of three (above the first group also of two, as in India) or in one piece; then perhaps a fraction. */
const AMOUNT = /^(?<whole>\d{1,3}(?:,\d{2,3})*,\d{3}|\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+|\d+)(?:\.(?<fraction>\d*))?$/u;

/** How many digits stand behind the point. */
export const digitsOf = (currency) => DIGITS[currency] ?? 2;

/** An amount of the smallest unit as a decimal number, without rounding. */
function decimalOf(amount, digits) {
  const text = String(Math.abs(amount)).padStart(digits + 1, "0");
  const point = text.length - digits;
  return `${amount < 0 ? "-" : ""}${text.slice(0, point)}${digits ? "." : ""}${text.slice(point)}`;
}

/** "₹1,25,000.00", "€12.50". */
export function shownMoney({ amount, currency }) {
  const digits = digitsOf(currency);
  const decimal = decimalOf(amount, digits);
  const format = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  try {
    return new Intl.NumberFormat(currency === "INR" ? "en-IN" : "en", format).format(decimal);
  } catch {
    return `${currency} ${decimal}`;
  }
}

/** An amount as one might type it, without its sign: "5,000.00". */
export const plainAmount = (whole, currency) => whole.toLocaleString("en", { minimumFractionDigits: digitsOf(currency) });

/** What stands before an amount: "₹", or the currency's name where it has no sign. */
export const signOf = (currency) => SIGNS[currency]?.[0] ?? currency;

function withoutSign(text, currency) {
  const sign = [...(SIGNS[currency] ?? []), currency].find((one) => text.toLowerCase().startsWith(one.toLowerCase()));
  return sign ? text.slice(sign.length).trim() : text;
}

/** "5000", "5,000.50", "₹ 1,25,000" in the smallest unit; null for whatever could mean two things, or nothing. It may be more than a number holds exactly. */
export function readAmount(text, currency) {
  const found = AMOUNT.exec(withoutSign(text.trim(), currency));
  const digits = digitsOf(currency);
  const fraction = found?.groups.fraction ?? "";
  if (!found || fraction.length > digits) return null;
  return Number(found.groups.whole.replace(/\D/g, "") + fraction.padEnd(digits, "0"));
}

/** As `readAmount`; null too for what a number does not hold exactly. */
export function readMoney(text, currency) {
  const amount = readAmount(text, currency);
  return Number.isSafeInteger(amount) ? amount : null;
}
