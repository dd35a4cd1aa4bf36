// Me: my name, whether I am online, away or busy, and my privacy.
import { html, useState } from "../vendor/htm-preact.js";
import { nameOf } from "../state/names.js";
import { tell } from "../state/notices.js";
import { useChosen, useSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { IconButton } from "./icon.js";
import { PrivacyDialog } from "./privacy-dialog.js";

async function choose(session, status) {
  session.store.set({ status });
  await session.client.setStatus(status).catch((error) => error.temporary || tell(session, error.message));
}

export function MyStatus() {
  const session = useSession();
  const status = useChosen((state) => state.status);
  const isOpen = useChosen((state) => state.connection.state === "open");
  const [showsPrivacy, setShowsPrivacy] = useState(false);
  return html`<div class="my-status">
    <${Avatar} person=${{ ...session.profile, status: isOpen ? status : "offline" }} size="small" showsPresence=${true} />
    <span class="my-name">${nameOf(session.profile)}</span>
    <select aria-label="My status" data-test="my-status" value=${status} onChange=${(event) => choose(session, event.target.value)}>
      <option value="online">Online</option><option value="away">Away</option><option value="busy">Busy</option>
    </select>
    <${IconButton} name="shield" label="Privacy" hook="privacy" onClick=${() => setShowsPrivacy(true)} />
    ${showsPrivacy && html`<${PrivacyDialog} onClose=${() => setShowsPrivacy(false)} />`}
  </div>`;
}
