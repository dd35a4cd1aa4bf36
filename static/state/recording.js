// Records a voice message. iPhones play nothing but MP4, so that is recorded where the browser can.
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";

const KINDS = ["audio/mp4", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/mp4": "m4a", "audio/webm": "webm", "audio/ogg": "ogg" };
const LONGEST_SECONDS = 600;
/** How often it is looked how loud it is, in milliseconds, and the numbers of a waveform. */
const LOUDNESS_MS = 100;
const BARS = 48;
const FEWEST_BARS = 16;

/** Notes how loud a stream is. @returns {() => number[]|null} ends it, and answers up to 48 numbers from 0 to 100; null if it was too short */
function listen(stream) {
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  audio.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const peaks = [];
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    peaks.push(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
  }, LOUDNESS_MS);
  return () => {
    clearInterval(timer);
    audio.close();
    return waveformOf(peaks);
  };
}

/** Peaks from 0 to 1 as numbers of which the largest is 100. */
export function waveformOf(peaks) {
  if (peaks.length < FEWEST_BARS) return null;
  const count = Math.min(BARS, peaks.length);
  const parts = Array.from({ length: count }, (_, at) => peaks.slice(Math.floor((at * peaks.length) / count), Math.floor(((at + 1) * peaks.length) / count)));
  const bars = parts.map((part) => Math.max(...part));
  const most = Math.max(...bars) || 1;
  return bars.map((bar) => Math.round((bar / most) * 100));
}

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
      const endListening = listen(stream);
      made.ondataavailable = ({ data }) => data.size && parts.push(data);
      made.onstop = () => {
        stream.getTracks().forEach((track) => track.stop());
        setSeconds(null);
        const waveform = endListening();
        const type = made.mimeType.split(";")[0];
        if (isWanted.current && parts.length) onRecorded(new File(parts, `voice.${ENDINGS[type] ?? "webm"}`, { type }), waveform);
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
