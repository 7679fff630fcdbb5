// Small pictures of the whole video, shown under the pointer: WebVTT cues that name pieces of sheets.

import { h } from "./dom.js";
import { mediaAddress } from "./api.js";
import { clock } from "./words.js";

const known = new Map();

/** The cues of a video: from when, which sheet, which piece. */
function cues(id) {
  if (!known.has(id)) known.set(id, fetch(mediaAddress(id, "sprites.vtt")).then(async (response) => {
    return response.ok ? parse(await response.text(), mediaAddress(id, "")) : [];
  }).catch(() => []));
  return known.get(id);
}

function parse(text, folder) {
  return text.split("\n\n").slice(1).map((block) => {
    const [times, target] = block.trim().split("\n");
    const [hours, minutes, seconds] = times.split(" ")[0].split(":").map(Number);
    const [sheet, box] = target.split("#xywh=");
    return { from: hours * 3600 + minutes * 60 + seconds, sheet: folder + sheet, box: box.split(",").map(Number) };
  });
}

/** A small window for the picture of a time. */
export class Preview {
  constructor() {
    this.picture = h("div", { class: "preview-picture" });
    this.time = h("div", { class: "preview-time" });
    this.element = h("div", { class: "preview", hidden: true, "aria-hidden": "true" }, this.picture, this.time);
  }

  /** Shows the picture of `time` above `x`, of a place `width` wide. */
  async show(id, time, x, width) {
    this.wanted = time;
    this.element.hidden = false;
    this.time.textContent = clock(time);
    const all = await cues(id);
    if (this.wanted !== time) return;
    let cue = all[0];
    for (const one of all) if (one.from <= time) cue = one;
    this.picture.hidden = !cue;
    if (cue) {
      const [left, top, across, down] = cue.box;
      Object.assign(this.picture.style, { width: `${across}px`, height: `${down}px`,
        backgroundImage: `url("${cue.sheet}")`, backgroundPosition: `-${left}px -${top}px` });
    }
    const half = this.element.offsetWidth / 2;
    this.element.style.left = `${Math.min(Math.max(x, half), Math.max(half, width - half))}px`;
  }

  hide() {
    this.wanted = null;
    this.element.hidden = true;
  }
}
