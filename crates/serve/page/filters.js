// The filters of a search, as chips: each is a button that opens a small form, and says what it is set to.

import { FILTERS } from "./address.js";
import { byId, h, icon } from "./dom.js";

/** Draws the chips of a state; `change` is called with what is to be different. */
export function showFilters(state, image, change) {
  const chips = FILTERS.map((filter) => chip(filter, state, change));
  const like = state.like && setChip("Like a moment", state.like.replace(/^.*@/, "at ") + " s",
    () => change({ like: null }));
  byId("filters").replaceChildren(...chips, pictureChip(image, change), ...(like ? [like] : []),
    switchChip("By its words", "Compares clips with the words of the sentence, and not with the sentence as a whole",
      state.byWords, () => change({ byWords: !state.byWords })),
    switchChip("Guesses", "Also moments that stand out no more than those of sentences about other things",
      state.all, () => change({ all: !state.all })),
    switchChip("Exact ends", "Looks at both ends of each moment again, frame by frame; takes longer",
      state.refine, () => change({ refine: !state.refine })));
}

function setChip(label, value, remove) {
  return h("span", { class: "chip set" }, h("span", { class: "chip-text" }, `${label}: `, h("b", {}, value)),
    h("button", { type: "button", class: "chip-remove", "aria-label": `Remove ${label}: ${value}`, onclick: remove },
      icon("close")));
}

function chip(filter, state, change) {
  const value = state.filters[filter.key];
  const set = (text) => change({ filters: { ...state.filters, [filter.key]: text || undefined } });
  if (value) return setChip(filter.label, filter.unit ? `${value} ${filter.unit}` : value, () => set(""));
  const id = `filter-${filter.key}`;
  const field = h("input", { id, type: filter.kind, placeholder: filter.example ?? "", required: true,
    ...(filter.kind === "number" && { min: "0", step: "any" }), ...(filter.isWhole && { min: "1", max: "1000", step: "1" }) });
  const form = h("form", { class: "popover", hidden: true, onsubmit: (event) => {
    event.preventDefault();
    set(field.value);
  } },
  h("label", { for: id }, filter.label + (filter.unit ? " (seconds)" : "")), field,
  h("button", { type: "submit", class: "primary" }, "Set"));
  const open = (isOpen) => {
    form.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) field.focus();
  };
  const button = h("button", { type: "button", class: "chip", "aria-expanded": "false",
    onclick: () => open(form.hidden) }, filter.label);
  const place = h("span", { class: "chip-place", onkeydown: (event) => {
    if (event.key === "Escape" && !form.hidden) {
      open(false);
      button.focus();
      event.stopPropagation();
    }
  }, onfocusout: (event) => {
    if (!place.contains(event.relatedTarget)) open(false);
  } }, button, form);
  return place;
}

function pictureChip(image, change) {
  if (image) return setChip("Looks like", image.name, () => change({}, null));
  const file = h("input", { type: "file", accept: "image/*", hidden: true,
    onchange: async () => file.files[0] && change({}, await readPicture(file.files[0])) });
  return h("span", { class: "chip-place" }, h("button", { type: "button", class: "chip", onclick: () => file.click() },
    "Like a picture…"), file);
}

/** Pixels of the largest picture that the server takes. */
const MOST_PIXELS = 1 << 24;

/** The picture, or a smaller copy of one that is too large: models see some hundred pixels a side. */
async function fitting(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  const scale = picture ? Math.sqrt(MOST_PIXELS / (picture.width * picture.height)) : 1;
  if (scale >= 1) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(picture.width * scale);
  canvas.height = Math.floor(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95)) ?? file;
}

/** A picture as base64, with its name. */
async function readPicture(file) {
  const picture = await fitting(file);
  const address = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(picture);
  });
  return { name: file.name, base64: address.slice(address.indexOf(",") + 1) };
}

function switchChip(label, title, isOn, onclick) {
  return h("button", { type: "button", class: isOn ? "chip set" : "chip", "aria-pressed": String(isOn), title, onclick }, label);
}
