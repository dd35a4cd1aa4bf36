// The files that wait in the composer: those that are named by their address, and those that are uploaded.
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Upload } from "../stoa-upload.js";
import { useSession } from "./session.js";

/** Files of one message. */
export const MOST_FILES = 10;

let made = 0;

/** A name for what a clipboard or a microphone gives. */
export const nameOfBlob = (blob) => blob.name || `${blob.type.split("/")[0] || "file"}.${blob.type.split("/")[1]?.split(/[;+]/)[0] || "bin"}`;

const shownOf = ({ file_id, url, thumb_url, view_url, name, type, size, width, height, duration_ms, waveform }) =>
  ({ file_id, url, thumb_url, view_url, name, type, size, width, height, duration_ms, waveform });

/** What a message says of a file: of one's own its id, with what is shown until the server's own view comes. */
const attachmentOf = ({ url, name, type, size, upload }) =>
  upload ? shownOf(upload.file) : { url, name, type, size };

/** @returns the files of a draft, and what can be done with them */
export function useUploads() {
  const session = useSession();
  const [files, setFiles] = useState([]);
  const present = useRef(files);
  present.current = files;
  useEffect(() => () => present.current.forEach(({ upload, isSent }) => !isSent && upload?.cancel()), []);
  const replace = (key, fields) => setFiles((now) => now.map((file) => (file.key === key ? { ...file, ...fields } : file)));
  const upload = (blobs, { purpose = "message", waveform = null } = {}) => {
    const room = MOST_FILES - present.current.length;
    const added = [...blobs].slice(0, room).map((blob) => {
      const key = (made += 1);
      const name = nameOfBlob(blob);
      const onChange = ({ state, sent, problem }) => replace(key, { state, sent, problem });
      const upload = new Upload(blob, { name, purpose, waveform, getToken: session.token, onChange });
      return { key, name, type: blob.type, size: blob.size, upload, state: "sending", sent: 0, problem: null };
    });
    setFiles((now) => [...now, ...added]);
    added.forEach((file) => file.upload.start());
  };
  return {
    files,
    upload,
    add: (file) => setFiles((now) => [...now, { ...file, key: (made += 1), state: "ready" }]),
    remove: (file) => {
      file.upload?.cancel();
      setFiles((now) => now.filter(({ key }) => key !== file.key));
    },
    retry: (file) => {
      replace(file.key, { state: "sending", problem: null });
      file.upload.start();
    },
    areReady: files.every(({ state }) => state === "ready"),
    /** The attachments of the message; the draft has none then. */
    take: () => {
      const attachments = files.map(attachmentOf);
      files.forEach((file) => Object.assign(file, { isSent: true }));
      present.current = [];
      setFiles([]);
      return attachments;
    },
  };
}

/** The files that somebody drops or pastes; nothing where it is a text. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])];
