// Finds the addresses in a text. Only http and https become links: whatever else looks like one stays a text.

const ADDRESS = /https?:\/\/[^\s<>"'`]+/gi;
/** Punctuation at the end belongs to the sentence, a closing bracket only where none was opened inside. */
const TRAILING = /[.,;:!?…»”]+$/;

function trimmed(address) {
  const bare = address.replace(TRAILING, "");
  const isUnbalanced = bare.endsWith(")") && !bare.includes("(");
  return isUnbalanced ? trimmed(bare.slice(0, -1)) : bare;
}

/** @returns {{text: string, href?: string}[]} the text in pieces, in order */
export function splitLinks(text) {
  const pieces = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

export const isWebAddress = (text) => /^https?:\/\//i.test(text ?? "") && URL.canParse(text);
export const isSecureAddress = (text) => /^https:\/\//i.test(text ?? "") && URL.canParse(text);
