// Grey shapes where messages will be.
import { html } from "../vendor/htm-preact.js";

const SHAPES = ["theirs wide", "theirs", "mine", "theirs wide", "mine wide", "mine"];

export const MessageSkeleton = () => html`<div class="message-skeleton" aria-hidden="true">
  ${SHAPES.map((shape, key) => html`<span class=${`skeleton skeleton-bubble ${shape}`} key=${key}></span>`)}
</div>`;
