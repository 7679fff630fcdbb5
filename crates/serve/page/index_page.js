// The page of the index: how much is in it, what is being done, which files are bad, and all videos. And what the page
// says before anything is asked.

import { get } from "./api.js";
import { byId, fileName, h, plain, say, withCode } from "./dom.js";
import { thumbnail } from "./thumbnail.js";
import { clock, counted, day, lasting } from "./words.js";

const AGAIN_MS = 3000;
/** Videos that are listed at a time, and on the start page at first. */
const MORE = 60;
const FIRST = 12;
/** Bad files that are listed before all are asked for. */
const BAD = 50;
/** Between the last letter of a name and the list of its videos. */
const TYPED_MS = 250;
const STATES = { waiting: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };

/** What looks again and again: one at a time, for the page that is shown. */
let looking = null;

/** Looks every few seconds, as long as the page is shown and seen. */
function keepLooking(look) {
  stopLooking();
  const mine = {};
  looking = mine;
  const wait = () => (mine.timer = setTimeout(async () => {
    if (!document.hidden) await look();
    if (looking === mine) wait();
  }, AGAIN_MS));
  wait();
}

function stopLooking() {
  clearTimeout(looking?.timer);
  looking = null;
}

export const hideIndex = stopLooking;
export const hideWelcome = stopLooking;

export async function showIndex(openVideo) {
  const place = byId("view-index");
  const quiet = (text) => h("p", { class: "quiet-text" }, text);
  const parts = { trouble: h("div", { role: "alert" }), counts: h("dl", { class: "counts", hidden: true }), jobs: h("div", {}, quiet("Looking…")),
    bad: h("div", {}, quiet("Looking…")), videos: h("div", { class: "videos" }) };
  place.replaceChildren(h("h1", { id: "index-title" }, "Index"), parts.trouble, parts.counts,
    h("section", { "aria-labelledby": "jobs-title" }, h("h2", { id: "jobs-title" }, "Work"), parts.jobs),
    h("section", { "aria-labelledby": "bad-title" }, h("h2", { id: "bad-title" }, "Files that could not be indexed"), parts.bad),
    h("section", { "aria-labelledby": "videos-title" }, h("h2", { id: "videos-title" }, "Videos"), parts.videos));
  const list = new VideoList(parts.videos, openVideo, MORE, true);
  const known = {};
  // What did not change stays as it is, with its focus and what is marked in it.
  const draw = (name, value, into) => {
    const text = JSON.stringify(value);
    if (known[name] === text) return;
    known[name] = text;
    into(value);
  };
  const look = async () => {
    try {
      const [state, { jobs }, { files }] = await Promise.all([get("/state"), get("/jobs"), get("/bad-files")]);
      parts.trouble.replaceChildren();
      draw("state", state, (it) => showCounts(parts.counts, it));
      draw("jobs", jobs, (it) => showJobs(parts.jobs, it));
      draw("bad", files, (it) => showBad(parts.bad, it));
      await list.follow(state.num_media);
    } catch (problem) {
      draw("trouble", problem.message, (words) => parts.trouble.replaceChildren(h("p", { class: "notice bad" }, words)));
      return;
    }
    delete known.trouble;
  };
  keepLooking(look);
  await Promise.all([look(), list.begin()]);
}

function showCounts(place, state) {
  const rows = [["Videos", state.num_media.toLocaleString("en")], ["Files, with copies", state.num_files.toLocaleString("en")],
    ["In all", lasting(state.duration_s)],
    ["Clips", state.num_clips.toLocaleString("en")], ["Missing videos", state.num_missing.toLocaleString("en")],
    ["Bad files", state.num_bad_files.toLocaleString("en")], ["Model", `${state.model} ${state.model_version}`.trim()]];
  place.hidden = false;
  place.replaceChildren(...rows.map(([name, value]) => h("div", { class: name === "Model" ? "count wide" : "count" },
    h("dt", {}, name), h("dd", {}, value))));
}

function showJobs(place, jobs) {
  if (jobs.length === 0) return place.replaceChildren(h("p", { class: "quiet-text" }, "Nothing is being done."));
  place.replaceChildren(h("ul", { class: "jobs" }, jobs.map((job) => {
    const facts = [job.times_real_time && `${job.times_real_time.toFixed(1)}× real time`,
      job.left_s !== null && job.state === "running" && `${lasting(job.left_s)} left`].filter(Boolean).join(", ");
    const progress = job.state === "running" && h("progress", { "aria-label": `Progress of ${job.what}`, max: job.total_s ?? 1,
      ...(job.total_s !== null && { value: Math.min(job.done_s, job.total_s) }) });
    return h("li", {}, h("span", { class: `tag ${job.state}` }, STATES[job.state]), h("span", { class: "what" }, plain(job.what)), progress,
      h("span", { class: "facts" }, facts), job.message && h("span", { class: "message" }, plain(job.message)));
  })));
}

function showBad(place, files, most = BAD) {
  if (files.length === 0) return place.replaceChildren(h("p", { class: "quiet-text" }, "None."));
  place.replaceChildren(h("ul", { class: "bad-files" }, files.slice(0, most).map((file) => h("li", {},
    fileName(file.name), h("span", { class: "folder" }, plain(file.folder)), h("span", { class: "message" }, plain(file.reason))))),
  ...(files.length > most ? [h("button", { type: "button", onclick: () => {
    showBad(place, files, files.length);
    place.querySelectorAll("li")[most]?.setAttribute("tabindex", "-1");
    place.querySelectorAll("li")[most]?.focus();
  } }, `Show all ${files.length.toLocaleString("en")}`)] : []));
}

/** Videos, some at a time, with a button for more; with `isSought` they are looked for by their names. */
class VideoList {
  constructor(place, openVideo, first, isSought) {
    this.openVideo = openVideo;
    this.first = first;
    this.grid = h("ul", { class: "grid", "aria-label": "Videos" });
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.page(MORE, true) });
    this.trouble = h("div", { role: "alert" });
    this.name = h("input", { id: "video-name", type: "search", placeholder: "A piece of its name or folder", autocomplete: "off",
      maxLength: 200, oninput: () => this.seek() });
    const field = h("div", { class: "by-name" }, h("label", { for: "video-name" }, "Find a video by its name"), this.name);
    place.replaceChildren(...(isSought ? [field] : []), this.grid, this.trouble, this.more);
    this.isSought = isSought;
  }

  begin() {
    return this.page(this.first, false);
  }

  /** Others by their name, as soon as nothing more is typed. */
  seek() {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      await this.begin();
      say(this.total === 0 ? "No video has this in its name" : counted(this.total, "video"));
    }, TYPED_MS);
  }

  /** The index has so many videos now: the list is made again, but for who walks in it. */
  async follow(total) {
    const isUsed = this.grid.contains(document.activeElement) || document.activeElement === this.more;
    if (this.all === undefined || this.all === total || isUsed || this.name.value.trim()) return;
    await this.page(Math.max(this.first, Math.min(500, this.grid.children.length)), false);
  }

  /** So many behind those that are there, or, unless it goes on, from the first. */
  async page(limit, goesOn) {
    const mine = (this.turn = (this.turn ?? 0) + 1);
    this.more.disabled = true;
    const query = new URLSearchParams({ limit, ...(goesOn && { after: this.last }), ...(this.name.value.trim() && { name: this.name.value.trim() }) });
    try {
      const { media, total, has_more: hasMore } = await get(`/media?${query}`);
      if (this.turn !== mine) return;
      this.show(media, total, hasMore, goesOn);
      this.trouble.replaceChildren();
    } catch (problem) {
      if (this.turn !== mine) return;
      this.trouble.replaceChildren(h("div", { class: "notice bad" }, h("p", {}, problem.message),
        h("button", { type: "button", onclick: () => this.page(limit, goesOn && problem.status !== 404) }, "Try again")));
    }
    this.more.disabled = false;
  }

  show(media, total, hasMore, goesOn) {
    const tiles = media.map((one) => tile(one, this.openVideo));
    if (goesOn) this.grid.append(...tiles);
    else this.grid.replaceChildren(...tiles);
    // Who pressed the button goes on with the first of what it brought.
    if (goesOn) tiles[0]?.querySelector("button").focus();
    this.last = media.at(-1)?.id ?? this.last;
    this.total = total;
    if (!this.name.value.trim()) this.all = total;
    this.more.hidden = !hasMore;
    this.more.textContent = `More videos (${this.grid.children.length.toLocaleString("en")} of ${total.toLocaleString("en")} shown)`;
    if (total > 0) return;
    const words = this.name.value.trim() ? "No video has this in its name or folder." : "No video yet: type `locvtp index add FOLDER`";
    this.grid.replaceChildren(h("li", { class: "quiet-text whole-line" }, ...withCode(words)));
  }
}

/** A video as a picture with its name. */
export function tile(media, openVideo) {
  const label = `${plain(media.name)}, ${lasting(media.duration_s)}${media.is_missing ? ", the file is missing" : ""}${media.note ? `, ${media.note}` : ""}`;
  return h("li", { class: media.is_missing ? "tile missing" : "tile" }, h("button", { type: "button", "aria-label": label,
    title: plain([media.folder, media.name].filter(Boolean).join("/")), onclick: () => openVideo(media) },
  thumbnail(media, (media.duration_s * 0.3).toFixed(1), clock(media.duration_s, 0)),
  fileName(media.name),
  media.note && h("span", { class: "note" }, media.note),
  h("span", { class: "folder" }, [media.is_missing ? "file missing" : "", media.folder && plain(media.folder), day(media.modified_unix_s)].filter(Boolean).join(" · "))));
}

/** What the page says before anything is asked, as long as it is wanted. While the index grows it goes along. */
export async function showWelcome(place, openVideo, isWanted) {
  const how = h("p");
  const loading = h("p", { class: "notice", hidden: true }, "The model is still loading; the first search waits for it.");
  const work = h("p", { class: "work", role: "status" });
  const videos = h("div", { class: "videos" });
  const list = new VideoList(videos, openVideo, FIRST, false);
  const draw = async () => {
    const [state, { jobs }] = await Promise.all([get("/state"), get("/jobs")]);
    how.replaceChildren(...withCode(state.num_media === 0 ? "There is no video in the index yet. Add a folder with `locvtp index add FOLDER`."
      : `${counted(state.num_media, "video")}, ${lasting(state.duration_s)}. Describe what happens; you get the moments, or an honest no.`));
    loading.hidden = state.is_ready;
    const running = jobs.find((job) => job.state === "running");
    const words = running ? `At work: ${running.what}.` : "";
    if (work.textContent !== words) work.textContent = words;
    return { total: state.num_media, grows: Boolean(running) || state.num_media === 0 };
  };
  const first = await draw();
  if (!isWanted()) return;
  place.replaceChildren(h("section", { class: "welcome" }, h("h1", {}, "What are you looking for?"), how, loading, work, videos));
  let isBegun = first.total > 0;
  if (first.grows) {
    keepLooking(async () => {
      // What fails meanwhile is told by the next question.
      const now = await draw().catch(() => null);
      if (now === null || !isWanted()) return;
      if (isBegun) await list.follow(now.total);
      else if (now.total > 0) await list.begin();
      isBegun ||= now.total > 0;
      if (!now.grows) stopLooking();
    });
  }
  if (isBegun) await list.begin();
}
