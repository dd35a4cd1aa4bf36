// What people and conversations are called, and who is who in them.

export const nameOf = (person) => person?.name || person?.user_id || "Somebody";

export const participantOf = (conversation, userId) => conversation?.participants?.find((person) => person.user_id === userId);

/** A present or former participant. */
export const knownPersonOf = (conversation, userId) =>
  participantOf(conversation, userId) ?? conversation?.former_participants?.find((person) => person.user_id === userId);

/** The sender of a message, with name and avatar, which former participants keep. Only staff send without having participated. */
export const personOf = (conversation, userId) => knownPersonOf(conversation, userId) ?? { user_id: userId, name: "Staff" };

/** Whether more than two people take or took part, so that each message needs the name and the face of its sender. */
export const isCrowd = (conversation) => conversation.participants.length + (conversation.former_participants?.length ?? 0) > 2;

export const othersIn = (conversation, me) => (conversation?.participants ?? []).filter((person) => person.user_id !== me);

/** The one on the other side, where there are two people. A group with a title stays a group, however few are left in it. */
export function counterpartOf(conversation, me) {
  const others = othersIn(conversation, me);
  const isGroup = conversation?.kind === "group" && conversation.title;
  return !isGroup && others.length === 1 ? others[0] : null;
}

export function titleOf(conversation, me) {
  const counterpart = counterpartOf(conversation, me);
  if (conversation.title) return conversation.title;
  if (counterpart) return nameOf(counterpart);
  return othersIn(conversation, me).map(nameOf).join(", ") || "Only you";
}

const MANAGING_ROLES = ["owner", "admin"];
const STAFF_ROLES = ["admin", "support", "service"];

/** Whether this profile may change who takes part. */
export function manages(conversation, profile) {
  if (conversation.kind === "direct") return false;
  const own = participantOf(conversation, profile.user_id);
  return MANAGING_ROLES.includes(own?.role) || (profile.roles ?? []).some((role) => STAFF_ROLES.includes(role));
}

/** One line of a message, for a list, a quote or an announcement. */
export function previewOf(message) {
  if (!message) return "";
  if (message.deleted_at) return "Message deleted";
  if (message.body) return message.body.replace(/\s+/g, " ");
  const [file] = message.attachments ?? [];
  return file ? `${file.type?.startsWith("audio/") ? "Recording" : "File"}: ${file.name || file.url}` : "";
}

export const STATUS_NAMES = { online: "Online", away: "Away", busy: "Busy", offline: "Offline" };

/** "due_date" becomes "Due date". */
export function wordsOf(key) {
  const words = key.replace(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
