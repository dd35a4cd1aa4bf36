// Threads as plain data: what a message says of the thread that answers it, kept up to date by events. Made to be copied beside stoa-timeline.js.

/**
 * @typedef {Object} Thread
 * @property {number} replies Without those that were deleted
 * @property {number} last_seq The newest reply's, deleted or not
 * @property {string[]} participants Who replied first
 * @property {boolean} following
 * @property {number} read_seq Up to where one has read it
 * @property {number} unread
 * @property {number} as_of The seq of the newest change that is counted
 */

const NAMED = 5;
/** @type {Thread} */
const NONE = { replies: 0, last_seq: 0, participants: [], following: false, read_seq: 0, unread: 0, as_of: 0 };

/** Whether a message is shown among those of no thread. */
export const isInMainLine = (message) => !message.thread_id || Boolean(message.also_in_conversation);

/** Of two states of a thread the later one; a thread never vanishes. */
export const newerThread = (present, coming) => (!coming || present?.as_of > coming.as_of ? (present ?? null) : coming);

const changeThread = (timeline, id, change) => ({
  ...timeline,
  messages: timeline.messages.map((one) => (one.id === id ? { ...one, thread: change(one.thread ?? NONE, one) } : one)),
});

/** Who wrote the first message follows from the first reply on, and whoever replies or is mentioned. */
const isFollowing = (thread, root, reply, me) =>
  thread.following || reply.sender_id === me || Boolean(reply.mentions?.includes(me)) || (!root.thread && root.sender_id === me);

/** new_message, of a reply. @returns {import("./stoa-timeline.js").Timeline} */
export function withReply(timeline, { seq, message }, me) {
  return changeThread(timeline, message.thread_id, (thread, root) => {
    if (seq <= thread.as_of) return thread;
    const { sender_id: sender } = message;
    const isNamed = !sender || thread.participants.includes(sender) || thread.participants.length >= NAMED;
    const following = isFollowing(thread, root, message, me);
    const counts = following && sender !== me && !isInMainLine(message);
    return {
      ...thread, following, replies: thread.replies + 1, last_seq: seq, unread: thread.unread + (counts ? 1 : 0), as_of: seq,
      participants: isNamed ? thread.participants : [...thread.participants, sender],
    };
  });
}

/** message_deleted, of a reply. @returns {import("./stoa-timeline.js").Timeline} */
export function withoutReply(timeline, { seq, message }, me) {
  return changeThread(timeline, message.thread_id, (thread) => {
    if (seq <= thread.as_of) return thread;
    const counted = thread.following && message.sender_id !== me && message.seq > thread.read_seq && !isInMainLine(message);
    return { ...thread, replies: thread.replies - 1, unread: Math.max(0, thread.unread - (counted ? 1 : 0)), as_of: seq };
  });
}

/** thread_changed. @returns {import("./stoa-timeline.js").Timeline} */
export const withOwnThread = (timeline, { message_id, following, read_seq, unread }) =>
  changeThread(timeline, message_id, (thread) => ({ ...thread, following, read_seq, unread }));

/** Everything up to a seq was read, threads too; how much is unread of a thread with newer replies stays until the server counts it. @returns {import("./stoa-timeline.js").Timeline} */
export const withThreadsRead = (timeline, seq) => {
  const isRead = ({ thread }) => thread && thread.unread > 0 && thread.last_seq <= seq;
  if (!timeline.messages.some(isRead)) return timeline;
  return { ...timeline, messages: timeline.messages.map((one) => (isRead(one) ? { ...one, thread: { ...one.thread, unread: 0, read_seq: seq } } : one)) };
};
