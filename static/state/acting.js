// Acting in a deal, and getting what its picture needs: its log, its definition, its drawing.
import { StoaError } from "../stoa-client.js";
import { changed } from "./conversations.js";
import { newerFlow, withSteps } from "./deals.js";
import { refreshConversation } from "./list-loading.js";
import { tell } from "./notices.js";

const PAGE = 100;

/** Puts in place how a deal stands now. */
export const keepFlow = ({ store }, id, flow) =>
  store.set((state) => ({ conversations: changed(state.conversations, id, (present) => ({ flow: newerFlow(present.flow, flow) })) }));

export const keepSteps = ({ store }, id, steps) =>
  store.set((state) => ({ steps: { ...state.steps, [id]: withSteps(state.steps[id], steps) } }));

/** Presses a button. Where the deal has moved on meanwhile, it says so and shows how it stands; every other refusal is the caller's. */
export async function act(session, id, available, input, stateVersion) {
  try {
    keepFlow(session, id, await session.client.act(id, available.action, input, stateVersion));
  } catch (error) {
    if (error.code !== "FLOW_STATE_INVALID") throw error;
    tell(session, `“${available.label}” was too late: the deal has moved on meanwhile.`);
    await refreshConversation(session, id);
    await loadSteps(session, id);
  }
}

/** Gets the part of the log that is not known yet. */
export async function loadSteps(session, id) {
  const { api, logged } = session;
  try {
    for (let after = logged.get(id) ?? 0; after !== null; ) {
      const page = await api("GET", `/conversations/${id}/flow/history?after=${after}&limit=${PAGE}`);
      keepSteps(session, id, page.items);
      logged.set(id, page.items[page.items.length - 1]?.seq ?? after);
      after = page.next_cursor ?? null;
    }
  } catch (error) {
    if (error.code !== "DISCONNECTED") tell(session, `The deal's log could not be loaded: ${error.message}`);
  }
}

export const outlineKey = ({ name, version }) => `${name}@${version}`;

/** Gets a deal's definition, once for each version. */
export async function loadOutline(session, flow) {
  const { api, store } = session;
  const key = outlineKey(flow);
  if (store.get().outlines[key]) return;
  const outline = await api("GET", `/flows/${encodeURIComponent(flow.name)}?version=${flow.version}`).catch(() => null);
  if (outline) store.set((state) => ({ outlines: { ...state.outlines, [key]: outline } }));
}

/** The drawing of a flow as the address of a picture. A data address: it needs no permission of its own. */
export async function drawingOf({ api }, { name, version, state }) {
  const path = `/flows/${encodeURIComponent(name)}/graph.svg?version=${version}&state=${encodeURIComponent(state)}`;
  const drawing = await api("GET", path, undefined, "image/svg+xml");
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
}

/** The sandbox's checkout, in place of a gateway's page: it sends us a webhook, and only that moves the deal. */
export async function checkOut(orderId, outcome) {
  const body = JSON.stringify({ outcome });
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const response = await fetch(`/sandbox/checkout/${encodeURIComponent(orderId)}`, request).catch(() => null);
  if (response?.ok) return;
  const answer = await response?.json().catch(() => null);
  throw new StoaError({ message: "The sandbox cannot be reached", error_code: "DISCONNECTED", temporary: true, ...answer });
}
