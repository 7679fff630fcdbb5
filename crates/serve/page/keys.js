// The keys of the player. Single letters work only where nothing is typed, and can be switched off.

import { byId, h } from "./dom.js";

const SWITCH = "locvtp-letters";

const LIST = [
  ["Space", "play, pause; go on after the end of a moment"],
  ["← →", "10 seconds back, on; with Shift 5 seconds; with Ctrl or Alt a minute"],
  ["J K L", "back, pause, play and faster"],
  [", .", "one picture back, on"],
  ["I O", "begin, end of a range of your own"],
  ["N Shift+N", "next, previous moment"],
  ["R", "this moment again"],
  ["E", "export"],
  ["M C", "sound, subtitles on and off"],
  ["F", "full screen"],
  ["/", "to the search box"],
  ["?", "this list"],
];

const lettersAreOn = () => localStorage.getItem(SWITCH) !== "off";

/** Whether something is typed there. */
function isField(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

/** Calls the action of a key: `do` has one function for each. */
export function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isField(event.target) || document.querySelector("dialog[open]")) return;
    const action = chosen(event, actions);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function chosen(event, actions) {
  const { key } = event;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const seconds = event.ctrlKey || event.altKey ? 60 : event.shiftKey ? 5 : 10;
    return () => actions.move(key === "ArrowLeft" ? -seconds : seconds);
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  // A focused button is pressed by space, as everywhere.
  if (key === " ") return event.target.closest("button, a, summary, [role=button]") ? null : actions.toggle;
  if (!lettersAreOn()) return null;
  const letters = { j: actions.back, k: actions.pause, l: actions.faster, ",": actions.pictureBack, ".": actions.pictureOn,
    i: actions.rangeBegin, o: actions.rangeEnd, n: actions.next, N: actions.previous, r: actions.again, e: actions.export,
    m: actions.sound, c: actions.subtitles, f: actions.full, "/": actions.search, "?": showHelp };
  return letters[key] ?? letters[key.toLowerCase()] ?? null;
}

export function showHelp() {
  const dialog = byId("help");
  const box = h("input", { type: "checkbox", id: "letters", checked: lettersAreOn(),
    onchange: () => localStorage.setItem(SWITCH, box.checked ? "on" : "off") });
  dialog.replaceChildren(h("h2", { id: "help-title" }, "Keys"),
    h("dl", { class: "keys" }, LIST.flatMap(([keys, meaning]) => [
      h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, meaning)])),
    h("p", { class: "row" }, box, h("label", { for: "letters" }, "Single letters are keys")),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "primary" }, "Close")));
  dialog.showModal();
}
