// Records a voice message. iPhones play nothing but MP4, so that is recorded where the browser can.
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";

const KINDS = ["audio/mp4", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/mp4": "m4a", "audio/webm": "webm", "audio/ogg": "ogg" };
const LONGEST_SECONDS = 600;

export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

/** @returns {{seconds: number|null, problem: string|null, start: () => void, finish: () => void, discard: () => void}} `seconds` is null while nothing is recorded */
export function useRecording(onRecorded) {
  const [seconds, setSeconds] = useState(null);
  const [problem, setProblem] = useState(null);
  const recorder = useRef(null);
  const isWanted = useRef(false);
  const end = (wanted) => {
    isWanted.current = wanted;
    if (recorder.current?.state === "recording") recorder.current.stop();
  };
  useEffect(() => {
    if (seconds === null) return undefined;
    if (seconds >= LONGEST_SECONDS) end(true);
    const timer = setTimeout(() => setSeconds((now) => (now === null ? null : now + 1)), 1_000);
    return () => clearTimeout(timer);
  }, [seconds]);
  useEffect(() => () => end(false), []);
  const start = async () => {
    setProblem(null);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
      const made = new MediaRecorder(stream, kind ? { mimeType: kind } : {});
      const parts = [];
      made.ondataavailable = ({ data }) => data.size && parts.push(data);
      made.onstop = () => {
        stream.getTracks().forEach((track) => track.stop());
        setSeconds(null);
        const type = made.mimeType.split(";")[0];
        if (isWanted.current && parts.length) onRecorded(new File(parts, `voice.${ENDINGS[type] ?? "webm"}`, { type }));
      };
      recorder.current = made;
      made.start(1_000);
      setSeconds(0);
    } catch {
      setProblem("The microphone cannot be used");
    }
  };
  return { seconds, problem, start, finish: () => end(true), discard: () => end(false) };
}
