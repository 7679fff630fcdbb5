// The page of the index: how much is in it, what is being done, which files are bad, and all videos.

import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { thumbnail } from "./thumbnail.js";
import { clock, counted, day, lasting } from "./words.js";

const AGAIN_MS = 3000;
/** Videos that are listed at a time, and on the start page at first. */
const MORE = 60;
const FIRST = 12;
const STATES = { waiting: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };

let isShown = false;
let timer = null;

export async function showIndex(openVideo) {
  isShown = true;
  const place = byId("view-index");
  const parts = { counts: h("dl", { class: "counts" }), jobs: h("div"), bad: h("div"), videos: h("div") };
  place.replaceChildren(h("h1", { id: "index-title" }, "Index"), parts.counts,
    h("section", { "aria-labelledby": "jobs-title" }, h("h2", { id: "jobs-title" }, "Work"), parts.jobs),
    h("section", { "aria-labelledby": "bad-title" }, h("h2", { id: "bad-title" }, "Files that could not be indexed"), parts.bad),
    h("section", { "aria-labelledby": "videos-title" }, h("h2", { id: "videos-title" }, "Videos"), parts.videos));
  await Promise.all([refresh(parts), showVideos(parts.videos, openVideo, MORE)]);
}

export function hideIndex() {
  isShown = false;
  clearTimeout(timer);
}

async function refresh(parts) {
  if (!isShown) return;
  if (!document.hidden) {
    try {
      const [state, { jobs }, { files }] = await Promise.all([get("/state"), get("/jobs"), get("/bad-files")]);
      showCounts(parts.counts, state);
      showJobs(parts.jobs, jobs);
      showBad(parts.bad, files);
    } catch (problem) {
      parts.jobs.replaceChildren(h("p", { class: "notice bad" }, problem.message));
    }
  }
  clearTimeout(timer);
  timer = setTimeout(() => refresh(parts), AGAIN_MS);
}

function showCounts(place, state) {
  const rows = [["Videos", state.num_media.toLocaleString("en")], ["In all", lasting(state.duration_s)],
    ["Clips", state.num_clips.toLocaleString("en")], ["Missing files", state.num_missing.toLocaleString("en")],
    ["Bad files", state.num_bad_files.toLocaleString("en")], ["Model", `${state.model} ${state.model_version}`.trim()]];
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
    return h("li", {}, h("span", { class: `tag ${job.state}` }, STATES[job.state]), h("span", { class: "what" }, job.what), progress,
      h("span", { class: "facts" }, facts), job.message && h("span", { class: "message" }, job.message));
  })));
}

function showBad(place, files) {
  if (files.length === 0) return place.replaceChildren(h("p", { class: "quiet-text" }, "None."));
  place.replaceChildren(h("ul", { class: "bad-files" }, files.map((file) => h("li", {},
    h("span", { class: "name" }, file.name), h("span", { class: "folder" }, file.folder), h("span", { class: "message" }, file.reason)))));
}

/** A list of videos that begins with so many, and a button for more. */
async function showVideos(place, openVideo, first) {
  const grid = h("ul", { class: "grid", "aria-label": "Videos" });
  const more = h("button", { type: "button", hidden: true, onclick: () => page(MORE) });
  let last = null;
  const page = async (limit) => {
    more.disabled = true;
    try {
      const { media, total, has_more: hasMore } = await get(`/media?limit=${limit}${last ? `&after=${last}` : ""}`);
      const tiles = media.map((one) => tile(one, openVideo));
      grid.append(...tiles);
      // Who pressed the button goes on with the first of what it brought.
      if (last) tiles[0]?.querySelector("button").focus();
      last = media.at(-1)?.id ?? last;
      more.hidden = !hasMore;
      more.textContent = `More videos (${grid.children.length.toLocaleString("en")} of ${total.toLocaleString("en")} shown)`;
      if (total === 0) grid.append(h("li", { class: "quiet-text" }, "No video yet: locvtp index add FOLDER"));
    } catch (problem) {
      grid.append(h("li", { class: "notice bad" }, problem.message));
    }
    more.disabled = false;
  };
  place.replaceChildren(grid, more);
  await page(first);
}

/** A video as a picture with its name. */
export function tile(media, openVideo) {
  const label = `${media.name}, ${lasting(media.duration_s)}${media.is_missing ? ", the file is missing" : ""}`;
  return h("li", { class: media.is_missing ? "tile missing" : "tile" }, h("button", { type: "button", "aria-label": label,
    onclick: () => openVideo(media) },
  thumbnail(media, (media.duration_s * 0.3).toFixed(1), clock(media.duration_s, 0)),
  h("span", { class: "name" }, media.name),
  h("span", { class: "folder" }, [media.is_missing ? "file missing" : "", media.folder, day(media.modified_unix_s)].filter(Boolean).join(" · "))));
}

/** What the page says before anything is asked. */
export async function showWelcome(place, openVideo) {
  const state = await get("/state");
  const videos = h("div", { class: "videos" });
  place.replaceChildren(h("section", { class: "welcome" }, h("h1", {}, "What are you looking for?"),
    h("p", {}, state.num_media === 0 ? "There is no video in the index yet. Add a folder with: locvtp index add FOLDER"
      : `${counted(state.num_media, "video")}, ${lasting(state.duration_s)}. Describe what happens; you get the moments, or an honest no.`),
    !state.is_ready && h("p", { class: "notice" }, "The model is still loading; the first search waits for it."),
    videos));
  if (state.num_media > 0) await showVideos(videos, openVideo, FIRST);
}
