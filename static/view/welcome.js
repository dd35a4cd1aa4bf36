// The first screen: choose somebody to play, or sign in with a token where there is no demo.
import { html, useState } from "../vendor/htm-preact.js";
import { addressOf } from "../state/identity.js";
import { nameOf } from "../state/names.js";
import { Avatar } from "./avatar.js";
import { FormError } from "./dialog.js";
import { Icon } from "./icon.js";

const Person = ({ person }) => html`<li>
  <a class="person-choice" href=${addressOf(person.user_id)} data-test="person-choice" data-id=${person.user_id}>
    <${Avatar} person=${person} size="large" />
    <span><strong>${nameOf(person)}</strong><span class="quiet">${person.about}</span></span>
  </a>
</li>`;

const People = ({ people }) => html`<div>
  <p class="welcome-lead">Conversations about real work, in real time. Choose somebody to be; open a second window to be somebody else.</p>
  <h2 class="visually-hidden">People</h2>
  <ul class="people-choices">${people.map((person) => html`<${Person} person=${person} key=${person.user_id} />`)}</ul>
  <p class="quiet welcome-note">These people and their sign-in are made up. Everything else is the real product.
    ${" "}<a href="/docs">The API's documentation</a></p>
</div>`;

function SignIn({ onToken }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    onToken(token.trim()).catch((error) => setProblem(error.message));
  };
  return html`<form class="sign-in" data-test="sign-in-form" onSubmit=${submit}>
    <p class="welcome-lead">Sign in with a token of your platform.</p>
    <label class="field"><span>Token</span>
      <textarea rows="4" required spellcheck="false" autocomplete="off" data-test="token" value=${token}
        aria-describedby="sign-in-problem" onInput=${(event) => setToken(event.target.value)}></textarea>
    </label>
    <div data-test="sign-in-error"><${FormError} text=${problem} id="sign-in-problem" /></div>
    <button class="button button-primary" data-test="sign-in">Sign in</button>
  </form>`;
}

const Waiting = () => html`<div class="people-choices" aria-hidden="true">
  ${[0, 1, 2, 3].map((key) => html`<div class="skeleton skeleton-card" key=${key}></div>`)}
</div>`;

const Again = () => html`<div><button type="button" class="button" onClick=${() => location.reload()}>Try again</button></div>`;

export function Welcome({ isLoading, isBroken, people, problem, onToken }) {
  const choice = isBroken ? html`<${Again} />` : people ? html`<${People} people=${people} />` : html`<${SignIn} onToken=${onToken} />`;
  return html`<main class="welcome">
    <div class="welcome-inside">
      <h1 class="welcome-brand"><${Icon} name="stoa" size="36" />Stoa</h1>
      <${FormError} text=${problem} />
      ${isLoading ? html`<${Waiting} />` : choice}
    </div>
  </main>`;
}
