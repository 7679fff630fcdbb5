// The page: what the address says is shown, and what is done changes the address.

import * as address from "./address.js";
import { get, post, renewCookie } from "./api.js";
import { byId, fileName, h, iconButton, plain, press, say } from "./dom.js";
import { exportChoices, showExport } from "./export.js";
import { showFilters } from "./filters.js";
import { hideIndex, hideWelcome, showIndex, showWelcome } from "./index_page.js";
import { listenToKeys, showHelp } from "./keys.js";
import { Player } from "./player.js";
import { markHit, showAnswer, showProblem, showWaiting } from "./results.js";
import { Timeline } from "./timeline.js";
import { clock, nounOf } from "./words.js";

let state = address.read();
/** Pictures that were asked with, as long as the page lives: an address cannot carry one. */
const images = [];
let image = null;
/** The answer that is shown, and the text of the address that it answers. */
let found = { answer: { hits: [] }, media: {} };
let asked = null;
let openPlace = null;
let shown = null;
let range = { from: null, until: null };
let isRepeating = false;
let searching = null;
/** Whether a picture of before a reload is asked for in vain. */
let lostPicture = history.state?.image !== undefined && history.state?.image !== null;

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
    history.replaceState(history.state, "", address.write(state));
    nameTab();
  },
  ended() {
    const hit = openHitOf();
    player.say("The end of the moment.", hit && h("button", { type: "button", onclick: () => again() }, "Again"),
      h("button", { type: "button", onclick: () => player.play() }, "Go on"));
  },
});

const openHitOf = () => (openPlace === null ? null : found.answer.hits[openPlace]);

/** Shows another state and makes it a step of the browser's history, unless the address is the same. */
function go(change, newImage = image) {
  state = { ...state, ...change };
  image = newImage;
  lostPicture = false;
  if (image && !images.includes(image)) images.push(image);
  const step = { image: image ? images.indexOf(image) : null };
  const to = address.write(state);
  const isSame = to === location.pathname + location.search && step.image === (history.state?.image ?? null);
  history[isSame ? "replaceState" : "pushState"](step, "", to);
  return show();
}

/** So that several tabs are told from each other. */
function nameTab() {
  const video = state.video && shown && plain(shown.media.name);
  const page = state.page === "index" ? "Index" : [video, state.q].filter(Boolean).join(" – ");
  document.title = page ? `${page} – moments` : "Moments in your videos";
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
  nameTab();
  if (isIndex) {
    player.stop();
    await showIndex(openVideo);
    return;
  }
  hideIndex();
  showFilters(state, image, changeFilters);
  await search();
  if (lostPicture) {
    lostPicture = false;
    byId("results").prepend(h("p", { class: "warning", role: "status" },
      "The picture of this search was not kept over the reload; choose it again."));
  }
  await showVideo();
  nameTab();
}

/** Asks, unless it is answered already. With `keeps` the answer of before stays until the next is there. */
async function search(keeps = false) {
  const query = address.query(state, image?.base64);
  const text = JSON.stringify([query, image?.name]);
  if (text === asked) return;
  asked = text;
  searching?.abort();
  hideWelcome();
  if (!keeps) {
    openPlace = null;
    found = { answer: { hits: [] }, media: {} };
  }
  if (!query) {
    await showWelcome(byId("results"), openVideo, () => asked === text).catch(problemShown);
    return;
  }
  searching = new AbortController();
  if (!keeps) showWaiting();
  try {
    const answer = await post("/search", query, searching.signal);
    if (asked !== text) return;
    found = answer;
    showAnswer(found, { open: openHit, share: openExport, like, more, top: state.top, all: state.all });
  } catch (problem) {
    if (problem.name !== "AbortError") problemShown(problem);
  }
}

const openVideo = (media) => go({ page: "search", q: "", filters: {}, like: null, video: media.id, t: 0, end: null }, null);

function like(hit) {
  const middle = (hit.span.start + hit.span.end) / 2;
  go({ q: "", like: `${hit.media}@${middle.toFixed(2)}`, video: null, t: null, end: null });
}

/** More moments below those that are shown: the list stays, and the focus goes on with the first new one. */
async function more(change) {
  const before = found.answer.hits.length;
  state = { ...state, ...change };
  history.replaceState(history.state, "", address.write(state));
  showFilters(state, image, changeFilters);
  await search(true);
  await showVideo();
  document.querySelector(`.hit[data-hit="${before}"] .open-hit`)?.focus();
}

const changeFilters = (change, newImage) => go({ ...change, top: address.TOP, video: null, t: null, end: null }, newImage);

function problemShown(problem) {
  asked = null;
  const hasFilters = Object.values(state.filters).some(Boolean) || state.like || image;
  showProblem(problem, { isSearch: address.query(state, image?.base64) !== null, again: () => show(),
    ...(hasFilters && { clear: () => changeFilters({ filters: {}, like: null }, null) }) });
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
      if (shown?.media.id !== media.id) range = { from: null, until: null };
      shown = { key, media };
    } catch (problem) {
      const again = problem.status !== 404 && h("button", { type: "button", onclick: () => showVideo() }, "Try again");
      place.replaceChildren(h("div", { class: "player-head" },
        h("div", { class: "notice bad", role: "alert" }, h("p", {}, problem.message), again),
        iconButton("close", "Close the player", closePlayer)));
      player.stop();
      shown = null;
      return;
    }
    layOut(place);
    loadHeat(key);
  }
  const at = Math.min(Math.max(0, state.t ?? 0), shown.media.duration_s);
  openPlace = placeOf(at, state.end);
  markHit(openPlace);
  timeline.setOpen(openPlace);
  if (isNew && openHitOf()?.evidence === "said") player.subtitles.isOn = true;
  await player.open(shown.media, at, state.end);
  setRepeating(isRepeating, false);
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
    h("div", { class: "player-name" }, fileName(media.name, "h2", { tabIndex: -1, id: "player-title" }),
      media.folder && h("span", { class: "folder", title: media.folder }, media.folder)),
    player.proxyButton, iconButton("link", "Copy a link to this moment", copyLink), iconButton("close", "Close the player", closePlayer)),
  player.screen, timeline.element, player.controls,
  h("div", { class: "moment-row", role: "group", "aria-label": "Moments" },
    iconButton("previous", "Previous moment (Shift+N)", () => neighbour(-1), { disabled: found.answer.hits.length === 0 }),
    iconButton("next", "Next moment (N)", () => neighbour(1), { disabled: found.answer.hits.length === 0 }),
    iconButton("repeat", "This moment again (R)", again, { disabled: hits.length === 0 }),
    repeatButton,
    h("span", { class: "gap" }),
    h("button", { type: "button", class: "quiet", title: "Begin of a range (I)", onclick: () => setRange("from") }, "Set in"),
    h("button", { type: "button", class: "quiet", title: "End of a range (O)", onclick: () => setRange("until") }, "Set out"),
    h("span", { class: "range-words", id: "range-words" }), clearButton,
    h("button", { type: "button", class: "quiet", title: "Export (E)", onclick: openExport }, "Export")));
  timeline.show(media, hits);
  showRange();
}

/** The focus goes back to the moment in the list. */
async function closePlayer() {
  const place = openPlace;
  await go({ video: null, t: null, end: null });
  (document.querySelector(`.hit[data-hit="${place}"] .open-hit`) ?? byId("main")).focus();
}

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

const repeatButton = iconButton("loop", "Repeat (B)", () => toggleRepeat(), { "aria-pressed": "false" });
const clearButton = iconButton("close", "Clear the range", () => clearRange(), { hidden: true });

/** What is repeated: the range, or else the moment that is open; none where there is neither. */
function stretch() {
  const { from, until } = range;
  return from !== null && until !== null ? { start: from, end: until } : openHitOf()?.span ?? null;
}

function toggleRepeat() {
  if (!shown) return false;
  const span = stretch();
  if (!isRepeating && span === null) {
    player.say("Open a moment, or set a range with I and O: that is then repeated.");
    return true;
  }
  setRepeating(!isRepeating, true);
  say(isRepeating ? `Repeats ${clock(span.start)} to ${clock(span.end)}` : "Repeats no more");
  return true;
}

/** Another moment, or another range, is repeated from now on; `plays` says whether it begins at once. */
function setRepeating(isOn, plays) {
  const span = isOn ? stretch() : null;
  isRepeating = span !== null;
  press(repeatButton, isRepeating);
  if (plays) player.repeat(span);
  else player.loop = span;
}

function setRange(side) {
  if (!shown) return false;
  range = { ...range, [side]: player.time };
  if (range.from !== null && range.until !== null && range.until <= range.from) {
    range = { from: null, until: null, [side]: player.time };
  }
  showRange();
  setRepeating(isRepeating, false);
  say(side === "from" ? `Range begins at ${clock(player.time)}` : `Range ends at ${clock(player.time)}`);
  return true;
}

function clearRange() {
  range = { from: null, until: null };
  showRange();
  setRepeating(isRepeating, false);
  say("No range");
  byId("player-title").focus({ preventScroll: true });
}

function showRange() {
  const { from, until } = range;
  timeline.setRange(from, until);
  clearButton.hidden = from === null && until === null;
  const words = clearButton.hidden ? "" : `${from === null ? "" : clock(from, 2)} – ${until === null ? "" : clock(until, 2)}`;
  byId("range-words").textContent = words;
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

/** The buttons of the list that can be seen. */
const seenHits = () => [...document.querySelectorAll(".open-hit")].filter((button) => button.checkVisibility());

/** Moves the focus to the next moment of the list, or the one before. */
function walk(step) {
  const buttons = seenHits();
  if (buttons.length === 0) return false;
  const focused = buttons.indexOf(document.activeElement);
  const open = buttons.findIndex((button) => button.getAttribute("aria-current") === "true");
  const at = focused >= 0 ? focused : open;
  buttons[Math.min(buttons.length - 1, Math.max(0, at + step))].focus();
  return true;
}

/** Opens a moment by its number. */
function openNth(number) {
  const count = found.answer.hits.length;
  if (count === 0) return false;
  if (number > count) say(count === 1 ? "There is one moment only" : `There are ${count} moments only`);
  else openHit(number - 1);
  return true;
}

/** What is done while a video is open, and else nothing. */
const whenOpen = (action) => (...given) => {
  if (!shown) return false;
  action(...given);
  return true;
};

listenToKeys({
  toggle: whenOpen(() => player.toggle()), move: whenOpen((seconds) => player.seek(player.time + seconds)),
  back: whenOpen(() => player.shuttle(-1)), pause: whenOpen(() => player.stop()), faster: whenOpen(() => player.shuttle(1)),
  pictureBack: whenOpen(() => player.step(-1)), pictureOn: whenOpen(() => player.step(1)),
  rangeBegin: () => setRange("from"), rangeEnd: () => setRange("until"), next: () => neighbour(1), previous: () => neighbour(-1),
  again: whenOpen(again), repeat: toggleRepeat, export: openExport, sound: whenOpen(() => player.toggleSound()),
  louder: whenOpen((tenths) => player.louder(tenths)), subtitles: whenOpen(() => player.subtitles.toggle()),
  full: whenOpen(() => player.fullScreen()), search: () => byId("sentence").select(), walk, openNth,
});
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  // The same question again is asked again: the index may have grown.
  asked = null;
  go({ page: "search", q: byId("sentence").value.trim(), like: null, top: address.TOP, video: null, t: null, end: null });
});
byId("open-help").addEventListener("click", showHelp);
// Without a step in the address, which is the page's own.
for (const link of document.querySelectorAll(".skip")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    byId(link.hash.slice(1))?.focus();
  });
}
for (const link of document.querySelectorAll("[data-view]")) {
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.button !== 0) return;
    event.preventDefault();
    if (link.dataset.view === "index") go({ page: "index" });
    else go(address.read(""), null);
  });
}
addEventListener("popstate", (event) => {
  state = address.read();
  image = images[event.state?.image] ?? null;
  show();
});

await renewCookie().catch(() => {});
await show();
document.documentElement.dataset.ready = "true";
