// What was found: the verdict in words, and the moments as a list.

import { MOST, TOP } from "./address.js";
import { drawDistribution } from "./distribution.js";
import { byId, fileName, h, icon, plain, say, withCode } from "./dom.js";
import { thumbnail } from "./thumbnail.js";
import { clock, counted, countedMoments, lasting, nounOf, rateOf, reasonInWords, spoken, SURE, VERDICTS } from "./words.js";

/** Shows an answer. `open(place)` and `like(hit)` are called with hits, `more(change)` with what is asked besides; `top` and `all`
 * are what was asked. */
export function showAnswer({ answer, media }, { open, like, share, more, top, all }) {
  const { hits } = answer;
  const videos = new Set(hits.map((hit) => hit.media)).size;
  const { word, sign } = VERDICTS[answer.verdict];
  const many = hits.length === 0 ? "" : `${countedMoments(hits, answer.verdict)} in ${counted(videos, "video")}`;
  const isDenied = ["nothing_stands_out", "not_in_these_videos"].includes(answer.verdict);
  // What is not good enough is there for who wants to judge, and not before.
  const nearest = hits.length > 0 && isDenied && !all;
  const rate = reasonInWords(answer.verdict, answer.false_alarm_rate);
  const head = h("section", { class: `verdict ${answer.verdict}`, "aria-labelledby": "verdict-word" },
    h("div", { class: "verdict-line" },
      h("span", { class: "verdict-sign", "aria-hidden": "true" }, sign),
      h("h1", { id: "verdict-word" }, word),
      h("span", { class: "many" }, nearest ? "" : many),
      hits.length > 0 && !nearest && h("button", { type: "button", class: "quiet export-button", onclick: share }, icon("share"), "Export")),
    rate && h("p", { class: "rate" }, rate),
    answer.warnings.map((warning) => h("p", { class: "warning" }, withCode(warning))),
    answer.distribution && h("details", { class: "why", open: answer.verdict !== "found" }, h("summary", {}, "Scores of all clips"),
      drawDistribution(answer.distribution)));
  const list = h("ol", { class: "hits", "aria-label": nearest ? "Nearest moments" : "Moments" },
    hits.map((hit, place) => card(hit, place, media[hit.media], { open, like })));
  const parts = [head];
  if (nearest) {
    const nearestWords = `Show ${hits.length === 1 ? "the nearest moment" : `the ${hits.length} nearest moments`}: no more than a guess`;
    parts.push(h("details", { class: "nearest" }, h("summary", {}, nearestWords), list));
  } else if (hits.length > 0) {
    parts.push(list);
  }
  if (answer.has_more && hits.length > 0) parts.push(moreOf(answer, { more, top, all }));
  byId("results").replaceChildren(...parts, h("p", { class: "took" }, `Searched in ${answer.took_ms.toFixed(answer.took_ms < 10 ? 1 : 0)} ms`));
  say([word, nearest ? "" : many, rate].filter(Boolean).join(". "));
}

/** That not all moments are shown, and how to see them. */
function moreOf({ hits, num_other_media: others, distribution }, { more, top, all }) {
  const isFull = hits.length >= top;
  const also = others === 0 ? "" : `, also in ${counted(others, "other video")}`;
  const which = [!all && distribution !== null && "stand out less", isFull && "come after these"].filter(Boolean);
  const words = which.length === 0 ? `There are more moments than these${also}.`
    : `Not shown: moments that ${which.join(" or ")}${also}.${all ? "" : " They may be right."}`;
  return h("div", { class: "more" }, h("p", {}, words), h("div", { class: "row" },
    isFull && top < MOST && h("button", { type: "button", onclick: () => more({ top: Math.min(MOST, top + TOP) }) },
      `Show ${Math.min(TOP, MOST - top)} more`),
    !all && distribution !== null && h("button", { type: "button", onclick: () => more({ all: true }) }, "Show guesses, too")));
}

function card(hit, place, media, { open, like }) {
  const { start, end } = hit.span;
  const name = plain(media?.name ?? "a video that is gone");
  const times = `${clock(start)} – ${clock(end)}`;
  const said = hit.evidence === "said";
  const picture = thumbnail(media, ((start + end) / 2).toFixed(2), lasting(end - start));
  const rate = rateOf(hit);
  const missing = media?.is_missing ? ", the file is missing" : "";
  const label = `${nounOf(hit)} ${place + 1}: ${name}, from ${spoken(start)} to ${spoken(end)}, ${said ? "said" : "seen"}, ${SURE[hit.sure]}${rate && `, false alarms ${rate}`}${missing}`;
  return h("li", { class: `hit ${hit.sure}`, "data-hit": String(place) },
    h("button", { type: "button", class: "open-hit", "aria-label": label, onclick: () => open(place) }, picture,
      h("span", { class: "about" },
        fileName(name),
        h("span", { class: "times" }, times),
        h("span", { class: "tags" },
          h("span", { class: `tag ${hit.evidence}` }, said ? "said" : "seen"),
          h("span", { class: `tag ${hit.sure}` }, SURE[hit.sure]),
          rate && h("span", { class: "hit-rate", title: "False alarms: of 100 sentences about something else so many stand out as much. It is not the chance that the moment is wrong" }, `false alarms: ${rate}`),
          missing && h("span", { class: "tag failed" }, "file missing"),
          media?.folder && h("span", { class: "folder" }, media.folder)),
        hit.text && h("q", { class: "quote" }, hit.text))),
    h("button", { type: "button", class: "icon-button like", title: "More like this moment",
      "aria-label": `More moments like ${place + 1}`, onclick: () => like(hit) }, icon("similar")));
}

/** Marks the hit that is open. */
export function markHit(place) {
  for (const item of document.querySelectorAll(".hit")) {
    const isOpen = item.dataset.hit === String(place);
    item.classList.toggle("open", isOpen);
    item.querySelector(".open-hit").setAttribute("aria-current", isOpen ? "true" : "false");
    // Where the list stands beside the player; below it, that would take the player away.
    if (isOpen && matchMedia("(min-width: 900px)").matches) item.scrollIntoView({ block: "nearest" });
  }
}

export function showWaiting() {
  byId("results").replaceChildren(h("div", { class: "waiting", "aria-hidden": "true" },
    Array.from({ length: 4 }, () => h("div", { class: "ghost" }))));
  say("Searching");
}

/** Why there is no answer. What cannot be asked as it stands is not asked again; `clear` takes the filters away. */
export function showProblem(problem, { isSearch, again, clear }) {
  const isRefused = problem.status === 400;
  const title = isRefused ? "This cannot be searched" : isSearch ? "The search did not work" : "The index does not answer";
  byId("results").replaceChildren(h("section", { class: "notice bad", role: "alert" }, h("h1", {}, title),
    h("p", {}, problem.message), h("div", { class: "row" },
      !isRefused && h("button", { type: "button", onclick: again }, "Try again"),
      isRefused && clear && h("button", { type: "button", onclick: clear }, "Remove the filters"))));
}
