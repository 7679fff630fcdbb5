// Talks to the server. Where it wants a token, the visitor is asked for it once; it is kept as long as
// this tab is open, and traded for a cookie, which `<video>` and `<img>` need.

import { byId, h } from "./dom.js";
import { sentence } from "./words.js";

const API = "/api/v1";
const KEPT = "locvtp-token";

/** What is said when nobody answers. */
export const NO_ANSWER = "The server does not answer. Start it again, or look whether it still runs.";

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function send(method, path, body, signal) {
  const headers = {};
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(API + path, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, NO_ANSWER);
  }
}

async function answered(method, path, body, signal) {
  for (;;) {
    const response = await send(method, path, body, signal);
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    if (response.status !== 401) {
      throw new Problem(response.status, sentence(problem.message ?? `the server answers ${response.status}`));
    }
    await askForToken(sessionStorage.getItem(KEPT) !== null);
  }
}

export const get = async (path, signal) => (await answered("GET", path, undefined, signal)).json();
export const post = async (path, body, signal) => (await answered("POST", path, body, signal)).json();

/** Posts, and saves the answer under the name that the server gives it. Returns that name, and the files whose
 * moments are not in it: their `name` and the `reason`, and in `more` how many others. */
export async function download(path, body) {
  const response = await answered("POST", path, body);
  const disposition = response.headers.get("content-disposition") ?? "";
  const name = /filename="([^"]+)"/.exec(disposition)?.[1] ?? "moments";
  const address = URL.createObjectURL(await response.blob());
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  const told = JSON.parse(response.headers.get("x-locvtp-left-out") ?? '{"num_files":0,"files":[]}');
  return { name, leftOut: told.files, more: told.num_files - told.files.length };
}

/** An address for `<video>` and `<img>`. */
export const mediaAddress = (id, part) => `${API}/media/${encodeURIComponent(id)}/${part}`;

/** Gets the cookie, where this tab has the token from before a reload. */
export async function renewCookie() {
  if (sessionStorage.getItem(KEPT) !== null) await answered("POST", "/session");
}

let asking = null;

function askForToken(wasWrong) {
  asking ??= new Promise((resolve) => showDialog(wasWrong, resolve)).finally(() => (asking = null));
  return asking;
}

function showDialog(wasWrong, resolve) {
  const field = h("input", { id: "token-field", type: "password", required: true, autocomplete: "off" });
  const form = h("form", { method: "dialog", onsubmit: async (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, field.value.trim());
    const response = await send("POST", "/session").catch((problem) => ({ problem }));
    if (response.problem) {
      hint.textContent = response.problem.message;
      return;
    }
    if (response.status === 401) {
      hint.textContent = "That is not the token of this server.";
      field.select();
      return;
    }
    dialog.close();
    resolve();
  } });
  const hint = h("p", { class: "hint", role: "alert" },
    wasWrong ? "The token that this tab knew is not valid any more." : "");
  form.append(
    h("h2", { id: "token-title" }, "This server needs a token"),
    h("p", {}, "Whoever started it has it. It is kept until you close this tab."),
    h("label", { for: "token-field" }, "Token"), field, hint,
    h("div", { class: "row end" }, h("button", { class: "primary", type: "submit" }, "Go on")));
  const dialog = byId("token");
  dialog.replaceChildren(form);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  field.focus();
}
