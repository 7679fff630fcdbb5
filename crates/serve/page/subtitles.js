// The subtitles of a video over its pictures, on the clock of what is played.

import { get, mediaAddress } from "./api.js";
import { h, iconButton, press, say } from "./dom.js";

export class Subtitles {
  constructor(video) {
    this.video = video;
    this.isOn = false;
    this.tracks = [];
    this.shift = null;
    this.button = iconButton("subtitles", "Subtitles (C)", () => this.toggle(), { hidden: true, "aria-pressed": "false" });
  }

  /** For another video: asks which subtitles it has. */
  async open(media) {
    this.media = media;
    this.tracks = [];
    this.shift = null;
    this.draw();
    try {
      const { tracks } = await get(`/media/${encodeURIComponent(media.id)}/subtitles`);
      if (this.media !== media) return;
      this.tracks = tracks;
    } catch {
      // A video without subtitles plays all the same.
    }
    this.draw();
  }

  /** What is played shows `shift` at the start of the file. */
  place(shift) {
    this.shift = shift;
    this.draw();
  }

  toggle() {
    if (this.tracks.length === 0) {
      say("This video has no subtitles");
      return;
    }
    this.isOn = !this.isOn;
    say(this.isOn ? "Subtitles on" : "Subtitles off");
    this.draw();
  }

  draw() {
    this.button.hidden = this.tracks.length === 0;
    press(this.button, this.isOn);
    const isShown = this.isOn && this.shift !== null;
    const key = isShown ? `${this.media.id} ${this.shift} ${this.tracks.length}` : null;
    if (key === this.drawn) return;
    this.drawn = key;
    this.video.querySelectorAll("track").forEach((track) => track.remove());
    if (!isShown) return;
    this.tracks.forEach(({ language, name }, number) => {
      const src = mediaAddress(this.media.id, `subtitles/${number}?shift=${this.shift}`);
      const track = h("track", { kind: "captions", src, srclang: language ?? "und", label: name });
      this.video.append(track);
      // All are there for the browser's own menu; the first is shown.
      track.track.mode = number === 0 ? "showing" : "disabled";
    });
  }
}
