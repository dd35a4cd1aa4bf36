// The demo bar: who am I, the other side in a second window, and what is simulated. Without demo mode: who is signed in.
import { html } from "../vendor/htm-preact.js";
import { addressOf, forgetToken } from "../state/identity.js";
import { nameOf, othersIn } from "../state/names.js";
import { useChosen, useSession } from "../state/session.js";
import { Icon } from "./icon.js";

/** The people as whom a visitor can act on the other side of this conversation. */
const otherSide = (conversation, session) =>
  othersIn(conversation, session.me).find((other) => session.people.some((person) => person.user_id === other.user_id));

function openWindow(event) {
  event.preventDefault();
  window.open(event.currentTarget.href, "_blank", "noopener,width=980,height=820");
}

function OtherSide() {
  const session = useSession();
  const conversation = useChosen((state) => state.conversations[state.openId]);
  const other = conversation && otherSide(conversation, session);
  if (!other) return html`<span class="demo-hint">Open a conversation to see its other side in a second window</span>`;
  return html`<a class="demo-link" href=${addressOf(other.user_id, conversation.id)} target="_blank" rel="noopener" data-test="other-side" onClick=${openWindow}>
    <${Icon} name="open" size="16" /><span class="demo-long">Open the other side in a second window</span><span class="demo-short">Other side</span>
    <span class="demo-name">(${nameOf(other)})</span>
  </a>`;
}

/** Which of the server's nodes the page is connected to: another one as soon as that ends. */
function Node() {
  const node = useChosen((state) => state.node);
  return node && html`<span class="demo-node" data-test="node">Node ${node}</span>`;
}

function Demo({ session }) {
  const change = (event) => location.assign(addressOf(event.target.value, location.hash.slice(1)));
  return html`<header class="demo-bar" data-test="demo-bar">
    <h1 class="visually-hidden">Stoa</h1>
    <strong class="demo-tag">Demo</strong>
    <${Node} />
    <label class="demo-who"><span class="demo-label">You are</span>
      <select data-test="person-switcher" onChange=${change}>
        ${session.people.map((person) => html`<option value=${person.user_id} selected=${person.user_id === session.me}>${nameOf(person)}</option>`)}
      </select>
    </label>
    <${OtherSide} />
    <a class="demo-link" href=${`/stoory.html?as=${encodeURIComponent(session.me)}`} data-test="stoory-link"><span class="demo-long">The same over Socket.IO</span><span class="demo-short">Socket.IO</span></a>
    <span class="demo-note">Simulated: the people, their sign-in, their money</span>
  </header>`;
}

function signOut() {
  forgetToken();
  location.assign("/");
}

export function DemoBar() {
  const session = useSession();
  if (session.people) return html`<${Demo} session=${session} />`;
  return html`<header class="demo-bar">
    <h1 class="visually-hidden">Stoa</h1>
    <span class="demo-who">${nameOf(session.profile)}</span>
    <button type="button" class="demo-link" data-test="sign-out" onClick=${signOut}>Sign out</button>
  </header>`;
}
