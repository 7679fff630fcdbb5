// The line under the player: how well the sentence fits each part of the file (the heat strip), the
// moments as marks, the chosen range, and where the player stands.

import { h } from "./dom.js";
import { Preview } from "./sprites.js";
import { clock, nounOf, spoken } from "./words.js";

const STRIP_HEIGHT = 36;

export class Timeline {
  constructor({ seek, open }) {
    this.seek = seek;
    this.preview = new Preview();
    this.strip = h("canvas", { class: "strip", "aria-hidden": "true" });
    this.head = h("div", { class: "head", "aria-hidden": "true" });
    this.range = h("div", { class: "range", hidden: true, "aria-hidden": "true" });
    this.marks = h("div", { class: "marks", role: "group", "aria-label": "Moments in this file" });
    this.slider = h("div", { class: "slider", role: "slider", tabIndex: 0, "aria-label": "Position in the file",
      "aria-valuemin": "0" }, this.strip, this.range, this.head);
    this.list = h("ol", { class: "heat-list" });
    this.listPlace = h("details", { class: "heat-details", hidden: true }, h("summary", {}, "Scores of this file as a list"), this.list);
    this.element = h("div", { class: "timeline" }, this.preview.element, this.marks, this.slider, this.listPlace);
    this.openHit = open;
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.slider);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** For another video: its hits, each with its place among all of the answer. */
  show(media, hits) {
    this.media = media;
    this.clips = [];
    this.slider.setAttribute("aria-valuemax", media.duration_s.toFixed(1));
    const share = (seconds) => `${(100 * Math.min(1, Math.max(0, seconds / media.duration_s))).toFixed(3)}%`;
    this.share = share;
    this.marks.replaceChildren(...hits.map(({ hit, place }) => {
      const { start, end } = hit.span;
      const mark = h("button", { type: "button", class: `mark ${hit.sure}`, "data-hit": String(place),
        title: `${clock(start)} – ${clock(end)}, ${hit.sure}`, "aria-label": `${nounOf(hit)} ${place + 1}, from ${spoken(start)} to ${spoken(end)}`,
        onclick: () => this.openHit(place) });
      // Also the narrowest lies over the strip.
      mark.style.left = `min(${share(start)}, 100% - 8px)`;
      mark.style.width = share(Math.min(end, media.duration_s) - start);
      return mark;
    }));
    this.marks.hidden = hits.length === 0;
    this.listPlace.hidden = true;
    this.setRange(null, null);
    this.draw();
  }

  /** The scores of all clips; none for a file without a query. */
  setHeat(clips) {
    this.clips = clips;
    this.listPlace.hidden = clips.length === 0;
    const scores = clips.map(({ score }) => score);
    this.low = Math.min(...scores);
    this.high = Math.max(...scores);
    this.list.replaceChildren(...clips.map(({ span, score }) => {
      const strength = this.strength(score);
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.round(strength * 100)}%`;
      return h("li", {}, h("button", { type: "button", onclick: () => this.seek(span.start), "aria-label":
        `${spoken(span.start)} to ${spoken(span.end)}, ${Math.round(strength * 10)} of 10 in this file` },
      h("span", { class: "heat-time" }, `${clock(span.start)} – ${clock(span.end)}`), h("span", { class: "track" }, bar)));
    }));
    this.draw();
  }

  /** From 0, the worst clip of this file, to 1, the best. */
  strength(score) {
    return this.high > this.low ? (score - this.low) / (this.high - this.low) : 0.5;
  }

  setTime(time) {
    if (!this.media) return;
    this.head.style.left = this.share(time);
    this.slider.setAttribute("aria-valuenow", time.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${spoken(time)} of ${spoken(this.media.duration_s)}`);
  }

  setOpen(place) {
    for (const mark of this.marks.children) {
      const isOpen = mark.dataset.hit === String(place);
      mark.classList.toggle("open", isOpen);
      mark.setAttribute("aria-current", String(isOpen));
    }
  }

  setRange(from, until) {
    this.range.hidden = from === null && until === null;
    if (this.range.hidden) return;
    const start = from ?? 0;
    this.range.style.left = this.share(start);
    this.range.style.width = this.share((until ?? this.media.duration_s) - start);
  }

  draw() {
    const { width } = this.slider.getBoundingClientRect();
    if (!this.media || width === 0) return;
    const ratio = devicePixelRatio || 1;
    this.strip.width = Math.round(width * ratio);
    this.strip.height = Math.round(STRIP_HEIGHT * ratio);
    const paint = this.strip.getContext("2d");
    const style = getComputedStyle(this.slider);
    const scale = this.strip.width / this.media.duration_s;
    for (const { span, score } of this.clips) {
      const strength = this.strength(score);
      const left = Math.floor(span.start * scale);
      const height = Math.max(0.06, strength) * this.strip.height;
      paint.globalAlpha = 0.18 + 0.82 * strength ** 1.5;
      paint.fillStyle = style.color;
      const width = Math.max(1, Math.ceil(span.end * scale) - left);
      paint.fillRect(left, this.strip.height - height, width, height);
      // How high it is shall be seen however pale it is.
      paint.globalAlpha = 1;
      paint.fillRect(left, this.strip.height - height, width, 2 * ratio);
    }
  }

  listen() {
    const timeAt = (event) => {
      const { left, width } = this.slider.getBoundingClientRect();
      const x = Math.min(Math.max(event.clientX - left, 0), width);
      return { time: (x / width) * this.media.duration_s, x, width };
    };
    let isDragging = false;
    this.slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      isDragging = true;
      this.slider.setPointerCapture(event.pointerId);
      this.seek(timeAt(event).time);
    });
    this.slider.addEventListener("pointermove", (event) => {
      const { time, x, width } = timeAt(event);
      if (isDragging) this.seek(time);
      if (!this.media.is_missing) this.preview.show(this.media.id, time, x, width);
    });
    const end = () => (isDragging = false);
    this.slider.addEventListener("pointerup", end);
    this.slider.addEventListener("pointercancel", end);
    this.slider.addEventListener("pointerleave", () => this.preview.hide());
    this.slider.addEventListener("keydown", (event) => {
      // A slider's own keys; left and right are keys of the page.
      const now = Number(this.slider.getAttribute("aria-valuenow"));
      const to = { Home: 0, End: this.media.duration_s, ArrowUp: now + 10, ArrowDown: now - 10, PageUp: now + 60,
        PageDown: now - 60 }[event.key];
      if (to === undefined || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.seek(to);
    });
  }
}
