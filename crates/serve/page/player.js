// The player: opens at a moment, stops at its end, and goes on when it is told to.

import { mediaAddress } from "./api.js";
import { byId, h, icon, iconButton, press, say } from "./dom.js";
import { beginsLate, seekableUntil } from "./clock.js";
import { canPlay, direct, proxy, whyNot } from "./source.js";
import { Subtitles } from "./subtitles.js";
import { clock } from "./words.js";

/** How near to the end of a moment it is stopped, in seconds: a picture of 60 a second. */
const NEAR_S = 0.017;
/** What is added to a time, so that rounding does not show the picture before it. */
const HAIR_S = 0.001;
const SPEEDS = [1, 2, 4];

export class Player {
  /** `told` has `time(seconds)`, called while it plays, and `rest(seconds)`, when it stands. */
  constructor(told) {
    this.told = told;
    /** The stretch that is played over and over; none where nothing is. */
    this.loop = null;
    this.video = h("video", { playsInline: true, preload: "auto", tabIndex: -1 });
    this.subtitles = new Subtitles(this.video);
    this.notice = h("div", { class: "notice-bar", role: "status", hidden: true });
    this.playButton = iconButton("play", "Play", () => this.toggle(), { class: "icon-button play" });
    this.soundButton = iconButton("sound", "Mute", () => this.toggleSound());
    this.now = h("span", { class: "now" }, "0:00.0");
    this.whole = h("span", { class: "whole" });
    this.speed = h("span", { class: "speed", hidden: true });
    this.proxyButton = h("button", { type: "button", class: "quiet proxy-button", "aria-pressed": "false",
      title: "For files that do not play well: a copy of this part in a format that every browser plays",
      onclick: () => this.forceProxy() }, "Compatible copy");
    this.screen = h("div", { class: "screen" }, this.video, this.notice);
    this.controls = h("div", { class: "controls", role: "group", "aria-label": "Controls" }, this.playButton,
      iconButton("back", "One picture back (,)", () => this.step(-1)), iconButton("forward", "One picture on (.)", () => this.step(1)),
      h("span", { class: "time" }, this.now, " / ", this.whole), this.speed, h("span", { class: "gap" }),
      this.subtitles.button, this.soundButton, iconButton("full", "Full screen", () => this.fullScreen()));
    this.listen();
  }

  /** Opens a video at a time of ours; `end` is where it stops, none for nowhere. */
  async open(media, time, end) {
    this.stop();
    if (media.is_missing) {
      this.showMissing(media, time);
      return;
    }
    const isNew = this.media?.id !== media.id;
    this.media = media;
    this.end = end;
    this.whole.textContent = clock(media.duration_s);
    this.say(null);
    if (isNew) {
      this.isForced = !(await canPlay(media));
      if (this.media !== media) return;
      this.setForced(this.isForced);
      this.directUntil = Infinity;
      this.subtitles.open(media);
    }
    const fits = !isNew && this.source && time >= this.source.from && (end ?? time) <= this.source.until;
    if (!fits || this.source.failed) this.load(this.choose(time, end), time);
    else this.seekInside(time);
  }

  /** Nothing is asked of a file that is not there. */
  showMissing(media, time) {
    this.media = null;
    this.end = null;
    this.isReady = false;
    this.wanted = time;
    this.told.time(time);
    this.video.removeAttribute("src");
    this.video.load();
    this.screen.classList.remove("loading");
    this.whole.textContent = clock(media.duration_s);
    this.say("The file is not where it was when it was indexed.");
  }

  /** What to play at a time: the file, as far as the browser comes in it, or a proxy. */
  choose(time, end) {
    const needsProxy = this.isForced || time > this.directUntil;
    return needsProxy ? proxy(this.media, time, end) : direct(this.media);
  }

  load(source, time, thenPlay = false) {
    this.source = source;
    this.isReady = false;
    this.wanted = time;
    this.thenPlay = thenPlay;
    this.screen.classList.add("loading");
    if (source.kind === "proxy") this.say("Making a copy of this part that your browser plays…");
    this.video.src = source.address;
    this.told.time(time);
  }

  /** Where it stands, in seconds from the start of the file. */
  get time() {
    if (!this.isReady) return this.wanted ?? 0;
    return Math.min(Math.max(0, this.video.currentTime - this.offset), this.media.duration_s);
  }

  get isPlaying() {
    return !this.video.paused && !this.video.ended;
  }

  /** Goes to a time. Behind the end of the moment it is left. */
  seek(time) {
    if (!this.media) return;
    const to = Math.min(Math.max(0, time), this.media.duration_s);
    if (this.end !== null && to > this.end - NEAR_S) this.end = null;
    this.say(null);
    const isDirect = this.source.kind === "direct";
    if (to < this.source.from || to > this.source.until || (isDirect && to > this.directUntil)) {
      this.load(this.choose(to, this.loop && to < this.loop.end ? this.loop.end : null), to, this.isPlaying);
    } else {
      this.seekInside(to);
    }
  }

  seekInside(time) {
    this.wanted = time;
    if (this.isReady) this.video.currentTime = time + this.offset + HAIR_S;
    this.told.time(time);
    if (!this.isPlaying) this.told.rest(time);
  }

  toggle() {
    if (this.isPlaying) this.video.pause();
    else this.play();
  }

  /** Plays on; where it stopped at the end of a moment, beyond it. */
  play(speed = 1) {
    // Of what cannot be played the browser would say that it plays.
    if (!this.media || this.source?.failed) return;
    if (this.end !== null && this.time >= this.end - 2 * NEAR_S) this.end = null;
    this.say(null);
    this.video.playbackRate = speed;
    this.video.play().catch(() => {
      // The browser wants another press, or the file is being exchanged for a proxy: both are shown.
    });
  }

  /** From the start of the moment again. */
  again(start, end) {
    if (!this.media) return;
    this.end = end;
    this.seekInside(start);
    this.play();
  }

  /** Plays this stretch over and over; with none it plays on. */
  repeat(span) {
    this.loop = span;
    if (!this.media || span === null) return;
    const { time } = this;
    if (time < span.start || time >= span.end - NEAR_S) this.seek(span.start);
    this.play();
  }

  /** `j` and `l`: backwards in steps, forwards faster at every press. */
  shuttle(direction) {
    if (direction < 0) {
      this.video.pause();
      this.seek(this.time - 1);
      return;
    }
    const at = SPEEDS.indexOf(this.video.playbackRate);
    this.play(this.isPlaying ? SPEEDS[Math.min(at + 1, SPEEDS.length - 1)] : 1);
  }

  stop() {
    this.stopBack?.();
    this.video.pause();
  }

  step(pictures) {
    this.video.pause();
    const length = 1 / (this.media?.frame_rate_hz || 25);
    // To the middle of the picture, so that rounding does not decide which one it is.
    const picture = Math.floor(this.time / length + 0.02) + pictures;
    this.seek((picture + 0.5) * length);
  }

  toggleSound() {
    this.video.muted = !this.video.muted;
  }

  /** By tenths of full loudness. */
  louder(tenths) {
    const volume = Math.min(10, Math.max(0, Math.round(this.video.volume * 10) + tenths));
    this.video.volume = volume / 10;
    this.video.muted = false;
    say(`Volume ${volume} of 10`);
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else byId("player").requestFullscreen().catch(() => say("Full screen is not allowed here"));
  }

  forceProxy() {
    if (!this.media) return;
    this.setForced(!this.isForced);
    this.wantsFile = !this.isForced;
    const time = this.time;
    this.load(this.choose(time, this.end), time);
  }

  setForced(isForced) {
    this.isForced = isForced;
    press(this.proxyButton, isForced);
  }

  say(text, ...buttons) {
    this.notice.hidden = text === null;
    this.notice.replaceChildren(...(text === null ? [] : [h("span", {}, text), ...buttons.filter(Boolean)]));
  }

  listen() {
    const { video } = this;
    video.addEventListener("loadedmetadata", () => {
      if (video.videoWidth === 0) {
        this.failed();
        return;
      }
      // A proxy begins at 0.
      if (this.source.kind === "proxy" || !beginsLate(this.media)) this.begin();
    });
    video.addEventListener("loadeddata", () => this.isReady || this.begin());
    video.addEventListener("error", () => this.failed());
    video.addEventListener("play", () => {
      this.showPlaying(true);
      this.watch();
    });
    video.addEventListener("pause", () => {
      this.showPlaying(false);
      if (this.isReady && this.media) this.told.rest(this.time);
    });
    video.addEventListener("ratechange", () => {
      this.speed.hidden = video.playbackRate === 1;
      this.speed.textContent = `${video.playbackRate}×`;
    });
    video.addEventListener("seeked", () => {
      this.told.time(this.time);
      if (!this.screen.classList.contains("loading")) return;
      this.screen.classList.remove("loading");
      // Who asked for the file itself is told why it is a copy all the same.
      this.say(this.wantsFile && this.isForced ? "Your browser cannot play the file itself, so this is a copy of the part around here." : null);
      if (this.source.kind === "proxy") this.wantsFile = false;
      if (this.thenPlay) this.play();
    });
    // Where the page is not seen, no picture of the screen is asked for.
    video.addEventListener("timeupdate", () => this.reach());
    const waits = (isWaiting) => () => this.screen.classList.toggle("waiting", isWaiting);
    video.addEventListener("waiting", waits(true));
    for (const name of ["playing", "seeked", "pause", "error", "emptied"]) video.addEventListener(name, waits(false));
    video.addEventListener("ended", () => {
      // The end of a proxy is not the end of the file.
      const last = this.loop?.end ?? this.media.duration_s;
      if (this.source.kind === "proxy" && this.source.until < last - 0.05) {
        this.load(proxy(this.media, this.source.until, null), this.source.until, true);
      } else if (this.loop) {
        this.seek(this.loop.start);
        this.play();
      }
    });
    video.addEventListener("volumechange", () => {
      this.soundButton.replaceChildren(icon(video.muted ? "silent" : "sound"));
      this.soundButton.setAttribute("aria-label", video.muted ? "Sound on" : "Mute");
    });
    video.addEventListener("click", () => this.toggle());
  }

  /** Goes to the time that it was opened for. */
  begin() {
    const { video, media } = this;
    this.offset = this.source.offset(video);
    if (this.source.kind === "direct") this.directUntil = seekableUntil(video, media, this.offset);
    if (this.source.kind === "direct" && this.wanted > this.directUntil) {
      this.load(proxy(media, this.wanted, this.end), this.wanted, this.thenPlay);
      return;
    }
    this.isReady = true;
    this.subtitles.place(this.offset);
    video.currentTime = this.wanted + this.offset + HAIR_S;
  }

  showPlaying(isPlaying) {
    this.playButton.replaceChildren(icon(isPlaying ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    this.playButton.title = isPlaying ? "Pause (space)" : "Play (space)";
  }

  /** While it plays: tells the time at every picture of the screen. */
  watch() {
    const look = () => {
      this.reach();
      if (this.isPlaying) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  /** Tells the time, and stops at the end of the moment, or goes back to where what is repeated begins. */
  reach() {
    if (!this.isPlaying || !this.isReady || this.video.seeking) return;
    const { time } = this;
    this.told.time(time);
    if (this.loop) {
      if (time >= this.loop.end - NEAR_S) this.seek(this.loop.start);
    } else if (this.end !== null && time >= this.end - NEAR_S) {
      this.video.pause();
      this.video.currentTime = Math.max(0, this.end - NEAR_S) + this.offset;
      this.told.ended?.();
    }
  }

  /** The browser cannot, or the server did not give it: then its words; else a proxy, or that there is no way. */
  async failed() {
    const { source, media } = this;
    if (!media || !this.video.getAttribute("src")) return;
    const words = await whyNot(source);
    if (this.source !== source || this.media !== media) return;
    const time = this.wanted ?? 0;
    const isOfBrowser = words === null && source.kind === "direct" && !this.isForced;
    if (isOfBrowser) {
      this.setForced(true);
      this.load(proxy(media, time, this.end), time, this.thenPlay);
      return;
    }
    source.failed = true;
    this.video.pause();
    this.screen.classList.remove("loading");
    this.say(words ?? "This part cannot be played here, not even as a copy.",
      h("button", { type: "button", onclick: () => this.load(this.choose(time, this.end), time) }, "Try again"),
      words === null && h("a", { href: mediaAddress(media.id, "file"), download: media.name }, "Save the file"));
  }
}
