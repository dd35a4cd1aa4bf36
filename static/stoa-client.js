// The socket client of Stoa: connects, authenticates, sends each message exactly once, comes back and resumes. Made to be copied: it needs stoa-queue.js, stoa-errors.js and nothing else.
import { Queue, newClientId } from "./stoa-queue.js";
import { LOST, StoaError, closedWith, lost, otherUser, pauseAfter, pauseBefore, unreachable } from "./stoa-errors.js";

export { StoaError, pauseBefore };

/** @typedef {import("./stoa-queue.js").Draft} Draft @typedef {import("./stoa-queue.js").Queued} Queued */

/**
 * @typedef {Object} StoaOptions
 * @property {string} url The socket's address: "wss://chat.example.com/ws"
 * @property {string} userId The token's `sub`; the queue of unsent messages is kept under this name. Another one stops the client, with the error
 * @property {string} token The JWT
 * @property {() => Promise<string|null>} [renewToken] Asked for a new token when the old one was refused; null gives up
 * @property {Storage} [storage] Where unsent messages outlive a reload: sessionStorage unless you say otherwise
 *
 * @typedef {Object} ConnectionState
 * @property {"connecting"|"open"|"waiting"|"stopped"|"closed"} state
 * @property {number|null} retryAt When the next try comes, in milliseconds since 1970; only while waiting
 * @property {number|null} code The close code that led here
 * @property {StoaError|null} error Why there is no connection, as far as that is known: the server's refusal of the token, its words when it closed, or
 *   UNREACHABLE while nothing has ever answered at the address
 *
 * Events, by `on(name, listener)`, which returns a function that ends it:
 *   "state"   ConnectionState
 *   "joined"  what join_conversation was answered with and `conversation_id`; after every reconnect as well
 *   "refused" { conversation_id, error }: a conversation that cannot be joined, now or any more
 *   "queue"   Queued[]: everything that is not stored yet, in its order
 *   "sent"    { id, seq, created_at, client_id, queued }: a message was stored; with `message` where it had been stored before and was changed since
 *   and every event of the server by its own name: "new_message", "message_updated", "user_typing", "error" …
 */

const ANSWER_MS = 15_000;
const PROBE_MS = 5_000;
const CONNECT_MS = 10_000;
const STABLE_MS = 10_000;
/** Coming back would end the same way: protocol misused, too large, origin refused. */
const FINAL_CODES = new Set([1008, 1009, 4403]);
const UNAUTHENTICATED = 4401;
/** The events whose `seq` is that of a change, and not of a watermark. */
const CHANGES = new Set([
  "new_message", "message_updated", "message_deleted", "reaction_changed", "pin_changed", "conversation_updated", "conversation_state_changed",
]);
/** There will be no connection any more. */
const ENDED = ["stopped", "closed"];
/** After a sign-out, tokens count from the next second on: so long a new one is waited for. */
const SIGNED_OUT_MS = 1_000;
/** So often a press is tried again that the server could not take just then. */
const PRESSES = 5;

/** Of a file that the server has, only its id is sent. */
const asSent = (attachment) => (attachment.file_id ? { file_id: attachment.file_id } : attachment);

export class StoaClient {
  #options;
  #token;
  #queue;
  #socket = null;
  #listeners = new Map();
  /** Requests without an answer yet: id → { resolve, reject, timer }. */
  #asked = new Map();
  #nextId = 1;
  /** Joined conversations: id → the highest seq seen, null until the first answer. */
  #joined = new Map();
  /** The latest join of each conversation: an earlier one that it has overtaken is answered for nothing. */
  #latest = new Map();
  /** Conversations with a message on its way: one at a time keeps their order. */
  #sending = new Set();
  #attempt = 0;
  #renewals = 0;
  #status = "online";
  #heardAt = 0;
  #silenceMs = 30_000;
  #retryTimer;
  #stableTimer;
  #openTimer;
  #watchTimer;
  /** Whether anything has ever answered at the address. */
  #wasReached = false;
  /** @type {ConnectionState} */
  connection = { state: "closed", retryAt: null, code: null, error: null };
  /** The tag of the server's node that it is connected to, if nodes have tags. */
  node = null;

  /** @param {StoaOptions} options */
  constructor(options) {
    this.#options = options;
    this.#token = options.token;
    this.#queue = new Queue(options.storage ?? sessionStorage, `stoa.queue.${options.userId}`);
  }

  /** @returns {() => void} ends the listening */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  connect() {
    addEventListener("online", this.#whenOnline);
    addEventListener("offline", this.#whenOffline);
    this.#watchTimer = setInterval(() => this.#watch(), 5_000);
    this.#open();
  }

  /** Ends the connection for good; what is queued stays stored. */
  close() {
    removeEventListener("online", this.#whenOnline);
    removeEventListener("offline", this.#whenOffline);
    clearInterval(this.#watchTimer);
    this.#abandon();
    this.#become("closed", null, null, null);
  }

  /** Tries at once instead of waiting for the next try. */
  reconnectNow() {
    if (this.connection.state === "waiting") this.#open();
  }

  /** Asks the server and gives its answer. @returns {Promise<Object>} */
  request(event, data) {
    return this.connection.state === "open" ? this.#ask(event, data) : Promise.reject(lost("There is no connection"));
  }

  /** Joins now or as soon as there is a connection, and again after each reconnect: listen for "joined". */
  join(conversationId, after = null) {
    this.#joined.set(conversationId, after);
    if (this.connection.state === "open") this.#rejoin(conversationId);
  }

  leave(conversationId) {
    if (this.#joined.delete(conversationId)) this.request("leave_conversation", { conversation_id: conversationId }).catch(() => {});
  }

  /** Says something: it is queued, and sent exactly once as soon as that is possible. @param {Draft} draft @returns {Queued} */
  send(conversationId, draft) {
    const entry = { ...draft, client_id: newClientId(), conversation_id: conversationId, created_at: new Date().toISOString(), state: "waiting" };
    this.#enqueue([...this.#queue.entries, entry]);
    return entry;
  }

  /** Tries a failed message again, behind those that still wait. */
  retry(clientId) {
    const entry = this.#queue.entries.find((known) => known.client_id === clientId);
    if (!entry) return;
    const others = this.#queue.entries.filter((known) => known !== entry);
    this.#enqueue([...others, { ...entry, state: "waiting", error: undefined }]);
  }

  /** Gives a failed message up. */
  discard(clientId) {
    this.#queue.remove(clientId);
    this.#emit("queue", this.queued);
  }

  /** @returns {Queued[]} */
  get queued() {
    return this.#queue.entries;
  }

  /**
   * Acts in a conversation's deal, once, however often the connection breaks meanwhile; refused where the deal has moved on since the action was available.
   * @param {number} stateVersion The version at which the action was available @returns {Promise<Object>} the deal after it
   */
  async act(conversationId, action, input, stateVersion) {
    const press = { conversation_id: conversationId, action, input, state_version: stateVersion, request_id: newClientId() };
    for (let refusals = 0; ; ) {
      try {
        await this.#whenOpen();
        return await this.#ask("flow_action", press);
      } catch (error) {
        refusals += error.code === "DISCONNECTED" ? 0 : 1;
        if (!error.temporary || refusals > PRESSES || ENDED.includes(this.connection.state)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseAfter(error)));
      }
    }
  }

  /** Resolves as soon as there is a connection, rejects when there will be none. */
  #whenOpen() {
    return new Promise((resolve, reject) => {
      const look = ({ state }) => {
        if (state !== "open" && !ENDED.includes(state)) return;
        stop();
        if (state === "open") resolve();
        else reject(lost("There is no connection"));
      };
      const stop = this.on("state", look);
      look(this.connection);
    });
  }

  /** Shows this status, also after a reconnect. @param {"online"|"away"|"busy"} status */
  setStatus(status) {
    this.#status = status;
    return this.request("user_status", { status });
  }

  #enqueue(entries) {
    this.#queue.replace(entries);
    this.#emit("queue", this.queued);
    this.#flush();
  }

  #emit(name, data) {
    for (const listener of this.#listeners.get(name) ?? []) listener(data);
  }

  #become(state, retryAt, code, error = this.connection.error) {
    this.connection = { state, retryAt, code, error };
    this.#emit("state", this.connection);
  }

  #open() {
    this.#abandon();
    this.#become("connecting", null, this.connection.code);
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    this.#openTimer = setTimeout(() => this.#drop(), CONNECT_MS);
    socket.onopen = () => {
      this.#wasReached = true;
      this.#authenticate(socket);
    };
    socket.onmessage = (frame) => this.#hear(frame.data);
    socket.onclose = ({ code, reason }) => this.#closed(code, reason ? closedWith(code, reason) : null);
  }

  /** Forgets the present socket: whatever still comes from it is not heard. */
  #abandon() {
    for (const timer of [this.#retryTimer, this.#openTimer, this.#stableTimer]) clearTimeout(timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject, timer } of asked) {
      clearTimeout(timer);
      reject(lost("The connection was lost"));
    }
  }

  /** The connection is dead although nobody said so. */
  #drop() {
    if (this.#socket) this.#closed(LOST);
  }

  async #closed(code, error = null) {
    this.#abandon();
    const why = error ?? (this.#wasReached ? null : unreachable(this.#options.url));
    if (FINAL_CODES.has(code)) return this.#become("stopped", null, code, why);
    const goesOn = code !== UNAUTHENTICATED || (await this.#renew(why));
    if (this.connection.state === "closed") return;
    if (goesOn) this.#openLater(code, why);
    else this.#become("stopped", null, code, why);
  }

  /** A new token; false when there is none to be had. Not being able to ask is no answer: then the old one is tried again. */
  async #renew(why) {
    this.#renewals += 1;
    if (this.#renewals > 3 || !this.#options.renewToken) return false;
    this.#become("connecting", null, UNAUTHENTICATED, why);
    if (why?.details.not_before) await new Promise((resolve) => setTimeout(resolve, SIGNED_OUT_MS));
    try {
      const token = await this.#options.renewToken();
      if (token) this.#token = token;
      return Boolean(token);
    } catch {
      this.#renewals -= 1;
      return true;
    }
  }

  #openLater(code, why) {
    const pause = pauseBefore(code, this.#attempt);
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#open(), pause);
    this.#become("waiting", Date.now() + pause, code, why);
  }

  async #authenticate(socket) {
    try {
      const welcome = await this.#ask("authenticate", { token: this.#token });
      if (socket === this.#socket) this.#welcomed(welcome);
    } catch (error) {
      if (socket === this.#socket && !error.temporary) this.#closed(UNAUTHENTICATED, error);
    }
  }

  #welcomed(welcome) {
    clearTimeout(this.#openTimer);
    const { userId } = this.#options;
    if (welcome.user_id !== userId) return this.#stop(otherUser(userId, welcome.user_id));
    this.#renewals = 0;
    this.node = welcome.node ?? null;
    this.#silenceMs = (welcome.heartbeat_seconds ?? 25) * 1000;
    this.#stableTimer = setTimeout(() => (this.#attempt = 0), STABLE_MS);
    this.#become("open", null, null, null);
    if (this.#status !== "online") this.setStatus(this.#status).catch(() => {});
    for (const id of this.#joined.keys()) this.#rejoin(id);
    this.#flush();
  }

  /** Coming back would end the same way. */
  #stop(error) {
    this.#abandon();
    this.#become("stopped", null, null, error);
  }

  async #rejoin(id) {
    const [place, after] = [{ conversation_id: id }, this.#joined.get(id)];
    const asked = this.#ask("join_conversation", after === null ? place : { ...place, after });
    this.#latest.set(id, asked);
    try {
      const snapshot = await asked;
      if (!this.#joined.has(id) || this.#latest.get(id) !== asked) return;
      this.#joined.set(id, snapshot.last_seq);
      this.#emit("joined", { ...snapshot, ...place });
    } catch (error) {
      if (error.code === "DISCONNECTED" || this.#latest.get(id) !== asked) return;
      if (error.temporary) setTimeout(() => this.connection.state === "open" && this.#joined.has(id) && this.#rejoin(id), pauseAfter(error));
      else if (this.#joined.delete(id)) this.#emit("refused", { ...place, error });
    }
  }

  #ask(event, data, patience = ANSWER_MS) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#drop(), patience);
      this.#asked.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ event, id, data }));
    });
  }

  #hear(text) {
    this.#heardAt = Date.now();
    const frame = JSON.parse(text);
    if (frame.ack === undefined) return this.#happened(frame.event, frame.data);
    const asked = this.#asked.get(frame.ack);
    if (!asked) return;
    this.#asked.delete(frame.ack);
    clearTimeout(asked.timer);
    if (frame.error) asked.reject(new StoaError(frame.error));
    else asked.resolve(frame.data);
  }

  /** The highest seq is what a resume asks beyond. Watermarks carry the seq of a message, not of a change. */
  #happened(event, data) {
    const id = data?.conversation_id;
    if (CHANGES.has(event) && this.#joined.get(id) < data.seq && this.#joined.get(id) !== null) this.#joined.set(id, data.seq);
    if (data?.conversation?.membership) this.#joined.delete(id);
    this.#emit(event, data);
  }

  #flush() {
    if (this.connection.state !== "open") return;
    for (const entry of this.queued) {
      if (entry.state === "waiting" && !this.#sending.has(entry.conversation_id)) this.#deliver(entry);
    }
  }

  async #deliver(entry) {
    const { conversation_id, client_id, body, reply_to, attachments, context, mentions, forward_of, thread_id, also_in_conversation } = entry;
    // What is forwarded has the words and the files of another message; those of the entry are for its display.
    const words = forward_of ? { forward_of } : { body, attachments: attachments?.map(asSent) };
    this.#sending.add(conversation_id);
    let pause = 0;
    try {
      const sent = { conversation_id, client_id, ...words, reply_to, context, mentions, thread_id, also_in_conversation };
      const stored = await this.#ask("send_message", sent);
      this.#queue.remove(client_id);
      this.#emit("sent", { ...stored, queued: entry });
    } catch (error) {
      pause = pauseAfter(error);
      if (!error.temporary) this.#queue.change(client_id, { state: "failed", error: { code: error.code, message: error.message } });
    }
    if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
    this.#sending.delete(conversation_id);
    this.#emit("queue", this.queued);
    this.#flush();
  }

  /** A browser does not see pings. After a silence, any answer shows that somebody is there: this one changes nothing. */
  #watch(patience = this.#silenceMs) {
    if (this.connection.state !== "open" || Date.now() - this.#heardAt < patience) return;
    this.#ask("unwatch_subject", { type: "alive", id: "alive" }, PROBE_MS).catch(() => {});
  }

  #whenOnline = () => {
    this.#attempt = 0;
    this.reconnectNow();
    this.#watch(0);
  };

  #whenOffline = () => this.#watch(0);
}
