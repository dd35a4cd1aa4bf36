// How a file gets into the composer: from this device, by its address, or spoken.
import { html, useRef, useState } from "../vendor/htm-preact.js";
import { canRecord, useRecording } from "../state/recording.js";
import { AttachmentDialog } from "./attachment-dialog.js";
import { IconButton } from "./icon.js";

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

export function AttachMenu({ uploads }) {
  const input = useRef(null);
  const [isLinking, setIsLinking] = useState(false);
  const recording = useRecording((blob, waveform) => uploads.upload([blob], { purpose: "voice", waveform }));
  const choose = (event) => {
    uploads.upload(event.target.files);
    event.target.value = "";
  };
  if (recording.seconds !== null) {
    return html`<${IconButton} name="close" label="Discard the recording" hook="record-discard" onClick=${recording.discard} />
      <span class="recording" role="timer" data-test="recording">${clock(recording.seconds)}</span>
      <${IconButton} name="stop" label="Finish the recording" hook="record-finish" onClick=${recording.finish} />`;
  }
  return html`<input type="file" multiple hidden ref=${input} data-test="file-input" onChange=${choose} />
    <${IconButton} name="clip" label="Attach files" hook="attach-file" onClick=${() => input.current.click()} />
    <${IconButton} name="link" label="Attach a file by its address" hook="attach" onClick=${() => setIsLinking(true)} />
    ${canRecord() && html`<${IconButton} name="microphone" label="Record a voice message" hook="record" onClick=${recording.start} />`}
    ${recording.problem && html`<span class="quiet" role="alert">${recording.problem}</span>`}
    ${isLinking && html`<${AttachmentDialog} onAdd=${uploads.add} onClose=${() => setIsLinking(false)} />`}`;
}
