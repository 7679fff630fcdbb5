// The page: what the address says is shown, and what is done changes the address.

import * as address from "./address.js";
import { get, post, renewCookie } from "./api.js";
import { byId, h, iconButton, say } from "./dom.js";
import { exportChoices, showExport } from "./export.js";
import { showFilters } from "./filters.js";
import { hideIndex, showIndex, showWelcome } from "./index_page.js";
import { listenToKeys, showHelp } from "./keys.js";
import { Player } from "./player.js";
import { markHit, showAnswer, showProblem, showWaiting } from "./results.js";
import { Timeline } from "./timeline.js";
import { clock, nounOf } from "./words.js";

let state = address.read();
let image = null;
/** The answer that is shown, and the text of the address that it answers. */
let found = { answer: { hits: [] }, media: {} };
let asked = null;
let openPlace = null;
let shown = null;
let range = { from: null, until: null };
let searching = null;

const timeline = new Timeline({ seek: (time) => player.seek(time), open: (place) => openHit(place) });
const player = new Player({
  time(time) {
    timeline.setTime(time);
    player.now.textContent = clock(time);
  },
  // The address follows where the player stands, without a new step for the browser's buttons.
  rest(time) {
    if (!shown || state.page !== "search") return;
    state = { ...state, t: time, end: player.end };
    history.replaceState(null, "", address.write(state));
  },
  ended() {
    const hit = openHitOf();
    player.say("The end of the moment.", hit && h("button", { type: "button", onclick: () => again() }, "Again"),
      h("button", { type: "button", onclick: () => player.play() }, "Go on"));
  },
});

const openHitOf = () => (openPlace === null ? null : found.answer.hits[openPlace]);

/** Shows another state and makes it a step of the browser's history. */
function go(change, newImage = image) {
  state = { ...state, ...change };
  image = newImage;
  history.pushState(null, "", address.write(state));
  return show();
}

async function show() {
  const isIndex = state.page === "index";
  byId("view-index").hidden = !isIndex;
  byId("view-search").hidden = isIndex;
  byId("filters").hidden = isIndex;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    link.toggleAttribute("aria-current", (link.dataset.view === "index") === isIndex);
  }
  byId("sentence").value = state.q;
  if (isIndex) {
    player.stop();
    await showIndex((media) => go({ page: "search", q: "", filters: {}, like: null, video: media.id, t: 0, end: null }));
    return;
  }
  hideIndex();
  showFilters(state, image, (change, newImage) => go({ ...change, video: null, t: null, end: null }, newImage));
  await search();
  await showVideo();
}

async function search() {
  const query = address.query(state, image?.base64);
  const text = JSON.stringify([query, image?.name]);
  if (text === asked) return;
  asked = text;
  searching?.abort();
  openPlace = null;
  found = { answer: { hits: [] }, media: {} };
  document.title = state.q ? `${state.q} – moments` : "Moments in your videos";
  if (!query) {
    await showWelcome(byId("results"), (media) => go({ video: media.id, t: 0, end: null })).catch(problemShown);
    return;
  }
  searching = new AbortController();
  showWaiting();
  try {
    const answer = await post("/search", query, searching.signal);
    if (asked !== text) return;
    found = answer;
    showAnswer(found, { open: openHit, share: openExport, like: (hit) => {
      const middle = (hit.span.start + hit.span.end) / 2;
      go({ q: "", like: `${hit.media}@${middle.toFixed(2)}`, video: null, t: null, end: null });
    } });
  } catch (problem) {
    if (problem.name !== "AbortError") problemShown(problem);
  }
}

function problemShown(problem) {
  asked = null;
  showProblem(problem, () => show());
}

/** Opens the video of the address, with the marks and the heat of the query. */
async function showVideo() {
  const place = byId("player");
  place.hidden = !state.video;
  byId("view-search").classList.toggle("with-player", Boolean(state.video));
  if (!state.video) {
    player.stop();
    shown = null;
    markHit(null);
    return;
  }
  const key = `${state.video} ${asked}`;
  const isNew = shown?.key !== key;
  if (isNew) {
    try {
      const media = found.media[state.video] ?? await get(`/media/${encodeURIComponent(state.video)}`);
      shown = { key, media };
    } catch (problem) {
      place.replaceChildren(h("div", { class: "player-head" }, h("p", { class: "notice bad", role: "alert" }, problem.message),
        iconButton("close", "Close the player", closePlayer)));
      shown = null;
      return;
    }
    range = { from: null, until: null };
    layOut(place);
    loadHeat(key);
  }
  const at = state.t ?? 0;
  openPlace = placeOf(at, state.end);
  markHit(openPlace);
  timeline.setOpen(openPlace);
  if (isNew && openHitOf()?.evidence === "said") player.subtitles.isOn = true;
  await player.open(shown.media, at, state.end);
}

/** The hit that the address means: the one with its end, or around its time. */
function placeOf(time, end) {
  const isNear = (a, b) => Math.abs(a - b) < 0.01;
  const places = found.answer.hits.map((hit, place) => ({ hit, place })).filter(({ hit }) => hit.media === state.video);
  const exact = places.find(({ hit }) => isNear(hit.span.start, time) && end !== null && isNear(hit.span.end, end))
    ?? places.find(({ hit }) => end !== null && isNear(hit.span.end, end));
  return exact?.place ?? null;
}

function layOut(place) {
  const { media } = shown;
  const hits = found.answer.hits.map((hit, number) => ({ hit, place: number })).filter(({ hit }) => hit.media === media.id);
  place.replaceChildren(h("div", { class: "player-head" },
    h("h2", { class: "name", tabIndex: -1, id: "player-title" }, media.name, media.folder && h("span", { class: "folder" }, media.folder)),
    player.proxyButton, iconButton("link", "Copy a link to this moment", copyLink), iconButton("close", "Close the player", closePlayer)),
  player.screen, timeline.element, player.controls,
  h("div", { class: "moment-row", role: "group", "aria-label": "Moments" },
    iconButton("previous", "Previous moment (Shift+N)", () => neighbour(-1), { disabled: found.answer.hits.length === 0 }),
    iconButton("next", "Next moment (N)", () => neighbour(1), { disabled: found.answer.hits.length === 0 }),
    iconButton("repeat", "This moment again (R)", again, { disabled: hits.length === 0 }),
    h("span", { class: "gap" }),
    h("button", { type: "button", class: "quiet", title: "Begin of a range (I)", onclick: () => setRange("from") }, "Set in"),
    h("button", { type: "button", class: "quiet", title: "End of a range (O)", onclick: () => setRange("until") }, "Set out"),
    h("span", { class: "range-words", id: "range-words" }),
    h("button", { type: "button", class: "quiet", title: "Export (E)", onclick: openExport }, "Export")));
  timeline.show(media, hits);
}

const closePlayer = () => go({ video: null, t: null, end: null });

async function loadHeat(key) {
  const query = address.query(state, image?.base64);
  if (!query) return;
  try {
    const { clips } = await post(`/media/${encodeURIComponent(state.video)}/heat`, query);
    if (shown?.key === key) timeline.setHeat(clips);
  } catch (problem) {
    if (shown?.key === key) say(`No scores of this file: ${problem.message}`);
  }
}

function openHit(place) {
  const hit = found.answer.hits[place];
  openPlace = place;
  go({ video: hit.media, t: hit.span.start, end: hit.span.end }).then(() => {
    say(`${nounOf(hit)} ${place + 1}, ${clock(hit.span.start)}. Space plays it.`);
    if (matchMedia("(max-width: 899px)").matches) byId("player").scrollIntoView({ block: "start" });
    // So that space plays, and does not press the button of the list again.
    byId("player-title")?.focus({ preventScroll: true });
  });
}

function neighbour(step) {
  const count = found.answer.hits.length;
  if (count > 0) openHit(openPlace === null ? (step > 0 ? 0 : count - 1) : (openPlace + step + count) % count);
}

function again() {
  const hit = openHitOf();
  if (hit) player.again(hit.span.start, hit.span.end);
}

function setRange(side) {
  if (!shown) return;
  range = { ...range, [side]: player.time };
  if (range.from !== null && range.until !== null && range.until <= range.from) {
    range = { from: null, until: null, [side]: player.time };
  }
  timeline.setRange(range.from, range.until);
  const words = `${range.from === null ? "" : clock(range.from, 2)} – ${range.until === null ? "" : clock(range.until, 2)}`;
  byId("range-words").textContent = words;
  say(side === "from" ? `Range begins at ${clock(player.time)}` : `Range ends at ${clock(player.time)}`);
}

async function openExport() {
  const whole = range.from !== null && range.until !== null && shown
    ? { hit: { media: shown.media.id, span: { start: range.from, end: range.until } }, query: state.q } : null;
  const open = openHitOf();
  try {
    const { export_formats: formats } = await get("/state");
    showExport(exportChoices({ list: found.answer.hits, query: state.q }, open, whole), formats);
  } catch (problem) {
    say(problem.message);
  }
}

async function copyLink() {
  const link = new URL(address.write({ ...state, t: player.time, end: player.end }), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    player.say("The link is copied.");
  } catch {
    // Without a secure context there is no clipboard: the link is shown instead.
    player.say(link);
  }
}

const whenOpen = (action) => () => shown && action();

listenToKeys({
  toggle: whenOpen(() => player.toggle()), move: (seconds) => shown && player.seek(player.time + seconds),
  back: whenOpen(() => player.shuttle(-1)), pause: whenOpen(() => player.stop()), faster: whenOpen(() => player.shuttle(1)),
  pictureBack: whenOpen(() => player.step(-1)), pictureOn: whenOpen(() => player.step(1)),
  rangeBegin: () => setRange("from"), rangeEnd: () => setRange("until"), next: () => neighbour(1), previous: () => neighbour(-1),
  again, export: openExport, sound: whenOpen(() => player.toggleSound()), subtitles: whenOpen(() => player.subtitles.toggle()), full: whenOpen(() => player.fullScreen()),
  search: () => byId("sentence").select(),
});
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  go({ page: "search", q: byId("sentence").value.trim(), like: null, video: null, t: null, end: null });
});
byId("open-help").addEventListener("click", showHelp);
for (const link of document.querySelectorAll("[data-view]")) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.button !== 0) return;
    event.preventDefault();
    if (link.dataset.view === "index") go({ page: "index" });
    else go(address.read(""), null);
  });
}
addEventListener("popstate", () => {
  state = address.read();
  show();
});

await renewCookie().catch(() => {});
await show();
document.documentElement.dataset.ready = "true";
