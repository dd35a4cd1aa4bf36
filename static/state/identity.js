// Who am I: one of the demo's people, named in the address, or the user of the token at the sign-in.
import { createApi } from "./api.js";

const TOKEN_KEY = "stoa.token";

/** The demo's people, or null where this server has none. */
export async function findPeople() {
  try {
    const { items } = await createApi(() => null)("GET", "/demo/people");
    return items;
  } catch (error) {
    if (error.code === "ROUTE_NOT_FOUND" || error.code === "HTTP_404") return null;
    throw error;
  }
}

export const nameInAddress = () => new URLSearchParams(location.search).get("as");

/** The address at which somebody sees a conversation. */
export const addressOf = (userId, conversationId) => `/?as=${encodeURIComponent(userId)}${conversationId ? `#${conversationId}` : ""}`;

/** The profile that a token belongs to; throws where it is refused. */
export const profileOf = (token) => createApi(() => token)("GET", "/me");

export const rememberedToken = () => sessionStorage.getItem(TOKEN_KEY);
export const rememberToken = (token) => sessionStorage.setItem(TOKEN_KEY, token);
export const forgetToken = () => sessionStorage.removeItem(TOKEN_KEY);
