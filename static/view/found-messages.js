// The messages that were found, below the conversations: where, who, when, and the words that match.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { nameOf, personOf, titleOf } from "../state/names.js";
import { goToMessage, piecesOf, searchMessages } from "../state/searching.js";
import { fullTimeOf, shortTimeOf } from "../state/times.js";
import { useChosen, useSession } from "../state/session.js";

/** How long somebody types before it is searched. */
const PAUSE_MS = 400;
const SHORTEST = 2;
const NOTHING = { hits: [], cursor: null, total: null, problem: null, isWaiting: false };

/** What was found for these words; an answer to earlier words is not shown. */
function useFound(words) {
  const session = useSession();
  const [found, setFound] = useState(NOTHING);
  const take = (earlier) => (page) =>
    setFound({ ...NOTHING, hits: [...earlier, ...page.items], cursor: page.next_cursor, total: page.total });
  const fail = (error) => setFound({ ...NOTHING, problem: error.message });
  useEffect(() => {
    if (words.length < SHORTEST) {
      setFound(NOTHING);
      return undefined;
    }
    let isCurrent = true;
    setFound((present) => ({ ...present, isWaiting: true, problem: null }));
    const only = (act) => (value) => isCurrent && act(value);
    const timer = setTimeout(() => searchMessages(session, words).then(only(take([])), only(fail)), PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [words]);
  const more = () => searchMessages(session, words, found.cursor).then(take(found.hits), fail);
  return { ...found, more };
}

const HitText = ({ message, highlights }) => html`<span class="hit-words" dir="auto" data-test="hit-words">
  ${piecesOf(message.body, highlights).map(({ text, isMatch }, key) => (isMatch ? html`<mark key=${key}>${text}</mark>` : text))}
  ${!highlights.length && message.attachments.length > 0 && html`<span class="hit-files">${message.attachments.map(({ name }) => name).filter(Boolean).join(", ")}</span>`}
</span>`;

function Hit({ hit }) {
  const session = useSession();
  const { message, conversation, highlights } = hit;
  const known = useChosen((state) => state.conversations[conversation.id]);
  const title = known ? titleOf(known, session.me) : conversation.title ?? conversation.subject?.title ?? "Conversation";
  const sender = message.sender_id === session.me ? "You" : known && message.sender_id ? nameOf(personOf(known, message.sender_id)) : null;
  return html`<li><button type="button" class="hit" data-test="hit" data-id=${message.id} onClick=${() => goToMessage(session, message)}>
    <span class="item-line">
      <span class="item-name" dir="auto">${title}</span>
      <time class="item-time" datetime=${message.created_at} title=${fullTimeOf(message.created_at)}>${shortTimeOf(message.created_at)}</time>
    </span>
    <span>${sender && html`<span class="preview-sender">${sender}: </span>`}<${HitText} message=${message} highlights=${highlights} /></span>
  </button></li>`;
}

function summary({ hits, total, problem, isWaiting }) {
  if (problem) return problem;
  if (isWaiting) return "Searching…";
  if (!hits.length) return "No message was found.";
  const count = total ?? hits.length;
  return `${count}${total === null ? "+" : ""} ${count === 1 ? "message" : "messages"}`;
}

export function FoundMessages({ words }) {
  const found = useFound(words);
  if (words.length < SHORTEST) return null;
  return html`<section class="found" aria-labelledby="found-head" data-test="found">
    <h3 id="found-head" class="found-head">Messages <span class="quiet" role="status" data-test="found-count">${summary(found)}</span></h3>
    <ul>${found.hits.map((hit) => html`<${Hit} key=${hit.message.id} hit=${hit} />`)}</ul>
    ${found.cursor && html`<button type="button" class="button more" data-test="more-hits" onClick=${found.more}>Show more</button>`}
  </section>`;
}
