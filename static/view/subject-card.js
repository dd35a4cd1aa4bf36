// What a conversation is about: the platform's job, order or booking.
import { html } from "../vendor/htm-preact.js";
import { isWebAddress } from "../state/links.js";
import { wordsOf } from "../state/names.js";

const isPlain = (value) => ["string", "number", "boolean"].includes(typeof value);

export function SubjectCard({ subject }) {
  const facts = Object.entries(subject.data ?? {}).filter(([, value]) => isPlain(value));
  const title = subject.title ?? `${wordsOf(subject.type)} ${subject.id}`;
  return html`<section class="context-part subject-card" data-test="subject-card">
    <p class="subject-type">${wordsOf(subject.type)} · ${subject.id}</p>
    <h3>${isWebAddress(subject.url) ? html`<a href=${subject.url} target="_blank" rel="noopener noreferrer">${title}</a>` : title}</h3>
    ${facts.length > 0 && html`<dl>${facts.map(([key, value]) => html`<div key=${key}><dt>${wordsOf(key)}</dt><dd>${String(value)}</dd></div>`)}</dl>`}
  </section>`;
}
