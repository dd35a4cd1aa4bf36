// What was said and is not stored yet. Made to be copied beside stoa-client.js, which needs it.

/**
 * @typedef {Object} Draft What a person wants to say
 * @property {string} body
 * @property {string|null} [reply_to] A message's id
 * @property {{file_id?: string, url: string, name?: string, type?: string, size?: number}[]} [attachments] Of a file with an id only that is sent
 * @property {Object|null} [context]
 * @property {string[]} [mentions] Ids of users, "all", and roles as "role:seller"
 * @property {string} [forward_of] The id of the message that is forwarded
 * @property {string} [thread_id] The id of a message of the thread that is replied in
 * @property {boolean} [also_in_conversation] Whether a reply is shown outside of its thread too
 *
 * @typedef {Draft & {client_id: string, conversation_id: string, created_at: string, state: "waiting"|"failed", error?: Object}} Queued
 */

/** A name for something that is sent more than once and counts once. Works on plain http too, where crypto.randomUUID is missing. */
export const newClientId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The entries, in order, kept over a reload. */
export class Queue {
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
    this.entries = this.#load();
  }

  #load() {
    try {
      return JSON.parse(this.storage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  replace(entries) {
    this.entries = entries;
    try {
      this.storage.setItem(this.key, JSON.stringify(entries));
    } catch {
      // A full or forbidden storage costs the reload's safety, not the message.
    }
  }

  change(clientId, fields) {
    this.replace(this.entries.map((entry) => (entry.client_id === clientId ? { ...entry, ...fields } : entry)));
  }

  remove(clientId) {
    this.replace(this.entries.filter((entry) => entry.client_id !== clientId));
  }
}
