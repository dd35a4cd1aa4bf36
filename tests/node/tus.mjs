// Uploads a file with the official client of tus: what it says comes as one line of JSON.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, token, path, chunkSize, checks] = process.argv.slice(2);

const upload = new Upload(createReadStream(path), {
    endpoint,
    uploadSize: statSync(path).size,
    chunkSize: Number(chunkSize),
    headers: { Authorization: `Bearer ${token}` },
    metadata: { filename: "größe.bin", filetype: "application/octet-stream" },
    // Many interruptions, each soon over.
    retryDelays: new Array(400).fill(100),
    onShouldRetry: () => true,
    onBeforeRequest: (request) => {
        if (checks === "sha256" && request.getMethod() === "PATCH") {
            request.setHeader("Upload-Checksum", checksumOf(request));
        }
    },
    onError: (error) => finish({ error: String(error) }),
    onSuccess: () => finish({ url: upload.url }),
});

/** The checksum of the part that a request is about to send. */
function checksumOf(request) {
    const start = Number(request.getHeader("Upload-Offset"));
    const part = readFileSync(path).subarray(start, start + Number(chunkSize));
    return `sha256 ${createHash("sha256").update(part).digest("base64")}`;
}

function finish(outcome) {
    console.log(JSON.stringify(outcome));
    process.exit(outcome.error ? 1 : 0);
}

upload.start();
