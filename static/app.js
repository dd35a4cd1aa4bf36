// The demo UI starts here: who am I, then the chat. Below, the hooks for browser tests.
//
// data-test, by place (attributes in brackets):
//   sign-in         person-choice [data-id] · sign-in-form · token · sign-in · sign-in-error
//   demo bar        demo-bar · person-switcher (select of user ids) · other-side · sign-out (without demo mode)
//   whole window    connection-bar [data-state] · connection-seconds · reconnect · notice · notice-close
//   list            conversation-list · conversation-item [data-id] [data-unread] · conversation-name · preview · unread-badge ·
//                   presence [data-status] · list-time · turn-chip [data-turn: mine theirs] · filter · found · found-count · hit [data-id] ·
//                   hit-words · more-hits · more-conversations · list-empty · list-skeleton ·
//                   new-conversation · bell · bell-count · bell-item [data-id] · bell-panel · my-status (select) · privacy ·
//                   view [data-view: all unread starred hidden] · view-empty · item-star · item-quiet · mention-badge
//   privacy         privacy-dialog · accept (select) · blocked-person [data-id] · nobody-blocked · unblock
//   new             new-conversation-dialog · person-option [data-id] · person-search · group-title · start-conversation
//   conversation    conversation [data-id] · conversation-title · conversation-state · back · context-toggle · head-star · message-list · folded [data-id] · fold · folded-words · blocked-line · unblock ·
//                   history-skeleton · day-separator · new-line · typing · newer · jump-to-latest · jump-count · timeline-empty · no-conversation
//   message         message [data-id] [data-seq] [data-state: pending sent delivered seen failed received] [data-client-id] ·
//                   message-body · message-time · tick · sender · quote · attachment · image · lightbox · lightbox-image · audio · video · edited · earlier-wordings · earlier-wording ·
//                   tombstone · system-line · failed-reason · retry · discard; hover or focus the message first for: reply · edit · delete
//   deal            action-card [data-id] [data-seq] [data-state: open done] [data-version] · card-title · card-line · card-deadline · card-done;
//   (in a card, or    action [data-action] · action-sure · action-back (where it ends the deal) · action-form [data-action] · card-field [data-name] ·
//   in the context)   field-error [data-name] · form-error · submit [data-action] · action-cancel ·
//                   payment [data-state: asked confirming] · payment-amount · payment-confirming · checkout · checkout-note · checkout-pay ·
//                   checkout-fail · checkout-confirming;  turn-line [data-turn] · turn-words · show-card (in the composer's place);
//                   deal [data-state] · deal-map · map-place [data-kind: past current next] [data-name] · deal-log-open · deal-log ·
//                   log-step [data-action] [data-state] · flow-drawing-open · flow-drawing · drawing (in the context)
//   composer        composer (textarea) · send · attach · attachment-dialog · attachment-url · attachment-name · attachment-add ·
//                   attach-file · file-input · record · recording · record-finish · record-discard · attachment-chip [data-state: sending checking ready failed] ·
//                   upload-progress · upload-cancel · upload-problem · upload-retry · reply-bar · edit-bar · cancel · composer-closed · length
//   context         context · context-close · subject-card · participant [data-id] · standing · participant-role · participant-menu · person-menu ·
//                   role-select · mute · block · remove · block-person · former-people · former-participant [data-id] · bring-back ·
//                   for-me · notify-level (select) · notify-until (select) · mark-unread · hide · add-participant (select or input) · add · rename · group-name · rename-save · close-conversation · leave
//   dialogs         confirm-dialog · confirm · dismiss · form-error
import { html, render, useEffect, useState } from "./vendor/htm-preact.js";
import { findPeople, forgetToken, nameInAddress, profileOf, rememberToken, rememberedToken } from "./state/identity.js";
import { SessionContext, startSession } from "./state/session.js";
import { Welcome } from "./view/welcome.js";
import { Chat } from "./view/chat.js";

/** A session for one of the demo's people. An expired token is asked for again. */
async function playPerson(people, person) {
  const profile = await profileOf(person.token);
  const renewToken = async () => (await findPeople())?.find((one) => one.user_id === person.user_id)?.token ?? null;
  return startSession({ profile, token: person.token, people, renewToken });
}

/** A session for the user of a token. */
async function signIn(token) {
  const profile = await profileOf(token);
  rememberToken(token);
  return startSession({ profile, token, people: null, renewToken: async () => null });
}

/** What to show: a session, or who could be chosen. */
async function start() {
  const people = await findPeople();
  const person = people?.find((one) => one.user_id === nameInAddress());
  if (person) return { session: await playPerson(people, person) };
  if (people || !rememberedToken()) return { people };
  try {
    return { session: await signIn(rememberedToken()) };
  } catch (error) {
    if (!error.temporary) forgetToken();
    return { people, problem: error.message };
  }
}

function App() {
  const [shown, setShown] = useState(null);
  useEffect(() => {
    start().catch((error) => ({ problem: error.message, isBroken: true })).then(setShown);
  }, []);
  if (shown?.session) return html`<${SessionContext.Provider} value=${shown.session}><${Chat} /><//>`;
  const enter = async (token) => setShown({ session: await signIn(token) });
  return html`<${Welcome} isLoading=${!shown} people=${shown?.people} isBroken=${shown?.isBroken} problem=${shown?.problem} onToken=${enter} />`;
}

render(html`<${App} />`, document.getElementById("app"));
