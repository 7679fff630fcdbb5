// The keys of the page. Nothing is a key where something is typed, and single letters, figures and signs can be
// switched off.

import { byId, h } from "./dom.js";

const SWITCH = "locvtp-letters";

/** As the help lists them. Keys stand apart by blanks. */
const LIST = [
  ["Space Enter", "play, pause; go on after the end of a moment"],
  ["← →", "10 seconds back, on; with Shift 5 seconds; with Ctrl or Alt a minute"],
  ["↑ ↓", "the moment before, the next one of the list; Enter opens it"],
  ["Shift+↑ Shift+↓", "louder, softer"],
  ["1 … 9", "open the first to the ninth moment"],
  ["N Shift+N", "open the next, the previous moment"],
  ["R", "this moment again"],
  ["B", "repeat this moment, or your range, until B is pressed again"],
  ["J K L", "back, pause, play and faster"],
  [", .", "one picture back, on"],
  ["I O", "begin, end of a range of your own"],
  ["E", "export"],
  ["M C", "sound, subtitles on and off"],
  ["F", "full screen"],
  ["/", "to the search box"],
  ["?", "this list"],
];

/** What a single sign does. */
const SIGNS = { j: "back", k: "pause", l: "faster", ",": "pictureBack", ".": "pictureOn", i: "rangeBegin", o: "rangeEnd",
  n: "next", N: "previous", r: "again", b: "repeat", e: "export", m: "sound", c: "subtitles", f: "full", "/": "search",
  "?": "help" };

const signsAreOn = () => localStorage.getItem(SWITCH) !== "off";

/** Whether something is typed there. */
function isField(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

/** Whether the key presses what has the focus, as everywhere. */
const isPressed = (target) => target.closest("button, a, summary, [role=button]") !== null;

/** Calls the action of a key. `actions` has a function for each; one that returns false did nothing, and the key
 * keeps its meaning of the browser. */
export function listenToKeys(actions) {
  const all = { ...actions, help: showHelp };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isField(event.target) || document.querySelector("dialog[open]")) return;
    const action = chosen(event, all);
    if (action && action() !== false) event.preventDefault();
  });
}

function chosen(event, actions) {
  const { key, target } = event;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const seconds = event.ctrlKey || event.altKey ? 60 : event.shiftKey ? 5 : 10;
    return () => actions.move(key === "ArrowLeft" ? -seconds : seconds);
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const step = key === "ArrowUp" ? -1 : 1;
    if (event.shiftKey) return () => actions.louder(-step);
    // A list with a bar of its own scrolls.
    return target.closest(".heat-list") ? null : () => actions.walk(step);
  }
  if (key === " " || key === "Enter") return isPressed(target) ? null : actions.toggle;
  if (!signsAreOn()) return null;
  if (/^[1-9]$/.test(key)) return () => actions.openNth(Number(key));
  return actions[SIGNS[key] ?? SIGNS[key.toLowerCase()]] ?? null;
}

export function showHelp() {
  const dialog = byId("help");
  const box = h("input", { type: "checkbox", id: "letters", checked: signsAreOn(),
    onchange: () => localStorage.setItem(SWITCH, box.checked ? "on" : "off") });
  // With the focus on the title a low window shows the list from its beginning.
  dialog.replaceChildren(h("h2", { id: "help-title", tabIndex: -1, autofocus: true }, "Keys"),
    h("dl", { class: "keys" }, LIST.flatMap(([keys, meaning]) => [
      h("dt", {}, keys.split(" ").map((key) => (key === "…" ? key : h("kbd", {}, key)))), h("dd", {}, meaning)])),
    h("p", { class: "row" }, box, h("label", { for: "letters" }, "Single letters, figures and signs are keys")),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary" }, "Close")));
  dialog.showModal();
}
