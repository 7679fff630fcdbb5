// Elements in one expression, without a template language and without text that is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, attributes (names with `-`, `role`, `for`) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.includes("-") && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** The same for SVG, where everything is an attribute. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Letters at the end of a name that are always shown: names that begin alike differ there. */
const TAIL = 12;

/** Control letters, and those that turn the direction of what follows. */
const ORDERS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown: it gives no orders to what stands around it. */
export const plain = (name) => name.replace(ORDERS, (order) => `\\u{${order.codePointAt(0).toString(16)}}`);

/** The name of a file, of which the middle is left out where there is no room. */
export function fileName(fullName, tag = "span", more = {}) {
  const name = plain(fullName);
  const letters = [...name];
  const at = letters.length > 2 * TAIL ? letters.length - TAIL : letters.length;
  return h(tag, { class: "name", title: name, ...more }, h("span", { class: "name-head" }, letters.slice(0, at).join("")),
    at < letters.length && h("span", { class: "name-tail" }, letters.slice(at).join("")));
}

/** A text in which what stands between backticks is code. */
export const withCode = (text) => text.split("`").map((part, place) => (place % 2 === 1 ? h("code", {}, part) : part));

export const byId = (id) => document.getElementById(id);

/** Says something to who does not see the page. */
export function say(text) {
  byId("status").textContent = text;
}

const ICONS = {
  play: "M7 4.5v15l12.5-7.500Z",
  pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
  back: "M18 5v14L8 12ZM5.5 5h2v14h-2z",
  forward: "M6 5v14l10-7ZM16.5 5h2v14h-2z",
  previous: "M15.5 5.5 9 12l6.5 6.5",
  next: "M8.5 5.5 15 12l-6.5 6.5",
  sound: "M4 9v6h4l5 4V5L8 9Zm11.5-1.500a6 6 0 0 1 0 9m2-12a9.5 9.5 0 0 1 0 15",
  silent: "M4 9v6h4l5 4V5L8 9Zm12 .5 5 5m0-5-5 5",
  subtitles: "M4 5.500h16v13H4zM7 12.500h4m3 0h3M7 15.500h7m3 0h0",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.700l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.700l1-1",
  close: "m6 6 12 12M18 6 6 18",
  similar: "M4 7h10v10H4zM14 10h6v10H10v-3",
  repeat: "M5 12a7 7 0 0 1 12-5l2 2m0-5v5h-5M19 12a7 7 0 0 1-12 5l-2-2m0 5v-5h5",
  loop: "M4 12V10a3 3 0 0 1 3-3h12m-3-3 3 3-3 3M20 12v2a3 3 0 0 1-3 3H5m3 3-3-3 3-3",
  missing: "M4 5.500h16v13H4zM9.5 9.500l5 5m0-5-5 5",
  share: "M12 15V4m0 0L8 8m4-4 4 4M5 13v6h14v-6",
};

/** A drawing for a button, which has its name elsewhere. */
export function icon(name) {
  const filled = ["play", "pause", "back", "forward"].includes(name);
  const path = s("path", filled
    ? { d: ICONS[name], fill: "currentColor" }
    : { d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": "1.8",
        "stroke-linecap": "round", "stroke-linejoin": "round" });
  return s("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, path);
}

/** Shows whether a button is pressed in, to eyes and ears. */
export function press(button, isOn) {
  button.setAttribute("aria-pressed", String(isOn));
  button.classList.toggle("on", isOn);
}

/** A button that shows a drawing and is called by its name. */
export function iconButton(name, label, onclick, more = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more },
    icon(name));
}
