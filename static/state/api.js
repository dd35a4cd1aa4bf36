// The REST side of Stoa: one function for a request, and the answers or refusals that come of it.
import { StoaError } from "../stoa-client.js";

const BASE = "/api/v1";

async function readAnswer(response) {
  const text = await response.text();
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}

/** @returns {(method: string, path: string, body?: Object) => Promise<Object>} */
export function createApi(getToken) {
  return async function call(method, path, body) {
    const headers = { Accept: "application/json" };
    const token = getToken();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
      throw new StoaError({ message: "The server can not be reached", error_code: "DISCONNECTED", temporary: true });
    });
    const answer = await readAnswer(response);
    if (response.ok) return answer;
    const unknown = { message: `The server answered ${response.status}`, error_code: `HTTP_${response.status}`, temporary: response.status >= 500 };
    throw new StoaError({ ...unknown, ...answer });
  };
}
