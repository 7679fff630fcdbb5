// Gives moments away as files for editors and tables.

import { download } from "./api.js";
import { byId, h, say } from "./dom.js";
import { clock, counted } from "./words.js";

const FORMATS = {
  csv: "Table", json: "All data", srt: "Subtitles", vtt: "Subtitles for the web", edl: "Edit list, CMX 3600",
  otio: "OpenTimelineIO", fcpxml: "Final Cut, Resolve",
};

/** `choices`: label, and the hits that are then exported. */
export function showExport(choices, formats) {
  const dialog = byId("export");
  const radios = choices.map(({ label }, place) => {
    const id = `export-${place}`;
    return h("p", { class: "row" }, h("input", { type: "radio", name: "what", id, value: String(place), checked: place === 0 }),
      h("label", { for: id }, label));
  });
  const said = h("p", { class: "hint", role: "status" });
  const save = async (format) => {
    const chosen = Number(dialog.querySelector("input[name=what]:checked").value);
    said.textContent = "Writing…";
    try {
      const saved = [];
      for (const hits of filesOf(format, choices[chosen].hits)) saved.push(await download("/export", { format, hits }));
      said.replaceChildren(`Saved as ${saved.map(({ name }) => name).join(", ")}.`, ...saved.map(leftOutOf));
      say(said.textContent);
    } catch (problem) {
      said.textContent = problem.message;
    }
  };
  dialog.replaceChildren(h("h2", { id: "export-title" }, "Export"),
    choices.length === 0 ? h("p", {}, "There is no moment to export: search first, or set a range with I and O.") :
      h("div", {}, h("fieldset", {}, h("legend", {}, "What"), radios),
        h("div", { class: "formats", role: "group", "aria-label": "As" }, formats.map((format) => h("button", {
          type: "button", onclick: () => save(format) }, h("b", {}, format), h("span", {}, FORMATS[format] ?? ""))))),
    said, h("form", { method: "dialog", class: "row end" }, h("button", { class: "quiet" }, "Close")));
  dialog.showModal();
}

/** What is not in a saved file, and why. */
function leftOutOf({ leftOut, more }) {
  if (leftOut.length === 0) return "";
  return h("span", { class: "left-out" }, " Not in it:", h("ul", {}, leftOut.map(({ name, reason }) =>
    h("li", {}, h("b", {}, name), `: ${reason}`)), more > 0 && h("li", {}, `and moments of ${counted(more, "other video")}`)));
}

/** Subtitles are of one video: hits of several become several files. */
function filesOf(format, hits) {
  if (format !== "srt" && format !== "vtt") return [hits];
  return [...new Set(hits.map(({ media }) => media))].map((video) => hits.filter(({ media }) => media === video));
}

/** What can be exported now. */
export function exportChoices(hits, open, range) {
  const asExport = ({ media, span, text, score, sure, evidence }, query) => ({ media, span, query, text, score, sure, evidence });
  const choices = [];
  if (range) choices.push({ label: `Your range, ${clock(range.hit.span.start)} – ${clock(range.hit.span.end)}`, hits: [asExport(range.hit, range.query)] });
  if (hits.list.length > 0) choices.push({ label: hits.list.some(({ sure }) => sure !== "guess") ? `All ${counted(hits.list.length, "moment")}` : `The nearest ${counted(hits.list.length, "moment")}, no more than guesses`, hits: hits.list.map((hit) => asExport(hit, hits.query)) });
  if (open) choices.push({ label: `This ${open.sure === "guess" ? "guess" : "moment"}, ${clock(open.span.start)} – ${clock(open.span.end)}`, hits: [asExport(open, hits.query)] });
  return choices;
}
