// The REST side of Stoa: one function for a request, and the answers or refusals that come of it.
import { StoaError } from "../stoa-client.js";

const BASE = "/api/v1";
const JSON_TYPE = "application/json";

async function readAnswer(response) {
  const text = await response.text();
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}

/** @returns {(method: string, path: string, body?: Object, accept?: string) => Promise<Object|string>} a text where something else than JSON was asked for */
export function createApi(getToken) {
  return async function call(method, path, body, accept = JSON_TYPE) {
    const headers = { Accept: accept };
    const token = getToken();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = JSON_TYPE;
    const response = await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
      throw new StoaError({ message: "The server cannot be reached", error_code: "DISCONNECTED", temporary: true });
    });
    if (response.ok && accept !== JSON_TYPE) return response.text();
    const answer = await readAnswer(response);
    if (response.ok) return answer;
    const unknown = { message: `The server answered ${response.status}`, error_code: `HTTP_${response.status}`, temporary: response.status >= 500 };
    throw new StoaError({ ...unknown, ...answer });
  };
}
