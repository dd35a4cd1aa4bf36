// Uploads a file in parts, by the protocol tus: a lost connection costs a part at most. Made to be copied.

const VERSION = { "Tus-Resumable": "1.0.0" };
const PART_BYTES = 4 * 1024 * 1024;
/** Pauses between tries, in milliseconds; after the last one it fails. */
const PAUSES = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
/** The status of a file that was checked. */
const READY = 200;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** UTF-8 in base64. */
const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** What a server refused, or why it was not reached. */
export class UploadError extends Error {
  constructor(message, { code = "DISCONNECTED", isTemporary = true } = {}) {
    super(message);
    this.code = code;
    this.isTemporary = isTemporary;
  }
}

/**
 * One file on its way. `onChange` is called with the upload whenever `state`, `sent` or `problem` changes; `file` is what the server
 * knows of the file when `state` is "ready".
 */
export class Upload {
  #request = null;
  #isCancelled = false;

  /** @param {Blob} blob @param {{name: string, purpose?: string, waveform?: number[], getToken: () => string, onChange: (upload: Upload) => void, endpoint?: string}} options */
  constructor(blob, { name, purpose = "message", waveform = null, getToken, onChange, endpoint = "/api/v1/files" }) {
    Object.assign(this, { blob, name, purpose, waveform, getToken, onChange, endpoint });
    this.size = blob.size;
    this.sent = 0;
    /** @type {"sending"|"checking"|"ready"|"failed"} */
    this.state = "sending";
    this.problem = null;
    this.file = null;
    this.address = null;
  }

  /** Sends the file. Never rejects: what went wrong is in `problem`. */
  async start() {
    try {
      if (this.size === 0) throw new UploadError("The file is empty", { isTemporary: false });
      this.address ??= await this.#again(() => this.#begin());
      let offset = 0;
      while (offset < this.size) offset = await this.#again(() => this.#append());
      this.#change({ state: "checking", sent: this.size });
      this.file = await this.#again(() => this.#checked());
      this.#change({ state: "ready" });
    } catch (error) {
      if (!this.#isCancelled) this.#change({ state: "failed", problem: error.message });
    }
  }

  /** Ends it, and has the server forget what it has. */
  cancel() {
    this.#isCancelled = true;
    this.#request?.abort();
    if (this.address) this.#ask("DELETE", this.address).catch(() => {});
  }

  #change(fields) {
    Object.assign(this, fields);
    this.onChange(this);
  }

  /** Tries again what failed for the moment. */
  async #again(work) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (this.#isCancelled || !error.isTemporary || tries >= PAUSES.length) throw error;
        await wait(PAUSES[tries]);
        if (this.#isCancelled) throw error;
      }
    }
  }

  /** @returns {Promise<XMLHttpRequest>} the answer; rejects with the server's refusal */
  #ask(method, address, headers = {}, body = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open(method, address);
      Object.entries({ Authorization: `Bearer ${this.getToken()}`, ...headers }).forEach(([name, value]) => request.setRequestHeader(name, value));
      const offset = Number(headers["Upload-Offset"] ?? 0);
      request.upload.onprogress = ({ loaded }) => body && this.#change({ sent: Math.min(this.size, offset + loaded) });
      request.onload = () => (request.status < 300 ? resolve(request) : reject(refusalOf(request)));
      request.onerror = () => reject(new UploadError("The server cannot be reached"));
      request.onabort = () => reject(new UploadError("Cancelled", { isTemporary: false }));
      request.send(body);
    });
  }

  async #begin() {
    const metadata = { filename: this.name, filetype: this.blob.type || "application/octet-stream", purpose: this.purpose };
    if (this.waveform) metadata.waveform = this.waveform.join(",");
    const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${encoded(value)}`);
    const headers = { ...VERSION, "Upload-Length": this.size, "Upload-Metadata": pairs.join(",") };
    const answer = await this.#ask("POST", this.endpoint, headers);
    return answer.getResponseHeader("Location");
  }

  /** Sends the next part. @returns {Promise<number>} where the one after it begins */
  async #append() {
    const progress = await this.#ask("HEAD", this.address, VERSION);
    const offset = Number(progress.getResponseHeader("Upload-Offset"));
    if (offset >= this.size) return offset;
    const headers = { ...VERSION, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    const answer = await this.#ask("PATCH", this.address, headers, this.blob.slice(offset, offset + PART_BYTES));
    return Number(answer.getResponseHeader("Upload-Offset"));
  }

  /** Waits for the check of the file; an answer comes after 20 s at the latest. */
  async #checked() {
    for (;;) {
      const answer = await this.#ask("POST", `${this.address}/complete`);
      if (answer.status === READY) return JSON.parse(answer.responseText);
      if (this.#isCancelled) throw new UploadError("Cancelled", { isTemporary: false });
    }
  }
}

function refusalOf({ status, responseText }) {
  let said = {};
  try {
    said = JSON.parse(responseText);
  } catch {
    // Something between here and the server answered.
  }
  const isTemporary = said.temporary ?? (status >= 500 || status === 409);
  return new UploadError(said.message ?? `The server answered ${status}`, { code: said.error_code, isTemporary: isTemporary || said.error_code === "UPLOAD_OFFSET" });
}
