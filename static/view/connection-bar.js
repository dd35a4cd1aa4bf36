// A thin bar while there is no connection, with the seconds to the next try. It goes by itself.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { useChosen, useSession } from "../state/session.js";

const PATIENCE_MS = 1_500;

const ENDS = {
  4403: "This server does not accept connections from this page.",
  1008: "The server did not understand this page. Reload it to go on.",
  1009: "Something was too large for the server. Reload the page to go on.",
};

const Seconds = ({ until }) => {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return html`<span aria-hidden="true" data-test="connection-seconds">Next try in ${seconds} s.</span>`;
};

function sentenceOf({ state, code, error }) {
  if (state === "stopped" && error && !ENDS[code]) return `The connection has ended: ${error.message}. Sign in again to go on.`;
  if (state === "stopped") return ENDS[code] ?? "The connection has ended. Reload the page to go on.";
  if (code === 1012) return "The server is restarting. What you write is kept and sent as soon as it is back.";
  return "No connection. What you write is kept and sent as soon as it is back.";
}

/** A short first connect is not worth a word; a lost one is, at once. */
function useIsWorthSaying(connection) {
  const [isLate, setIsLate] = useState(false);
  const isGone = connection.state !== "open";
  useEffect(() => {
    setIsLate(false);
    const timer = isGone && setTimeout(() => setIsLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isGone]);
  return isGone && (isLate || connection.state !== "connecting" || connection.code !== null);
}

export function ConnectionBar() {
  const { client } = useSession();
  const connection = useChosen((state) => state.connection);
  const isShown = useIsWorthSaying(connection);
  const isWaiting = connection.state === "waiting";
  return html`<div class="connection-place" role="status">
    ${isShown && html`<div class="connection-bar" data-test="connection-bar" data-state=${connection.state}>
      <span>${sentenceOf(connection)}</span>
      ${isWaiting && html`<${Seconds} until=${connection.retryAt} />`}
      ${connection.state === "connecting" && html`<span aria-hidden="true">Trying now …</span>`}
      ${isWaiting && html`<button type="button" data-test="reconnect" onClick=${() => client.reconnectNow()}>Try now</button>`}
      ${connection.state === "stopped" && html`<button type="button" onClick=${() => location.reload()}>Reload</button>`}
    </div>`}
  </div>`;
}
