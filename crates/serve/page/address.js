// The address of the page carries what is asked, which video is open and where: it can be shared, and
// the browser's buttons go through it.

/** Filters in the order of their chips: the key in the address, in the query, and what is typed. */
export const FILTERS = [
  { key: "in", query: "in_folder", label: "In folder", kind: "text", example: "Holidays/2025" },
  { key: "file", query: "file_glob", label: "File name", kind: "text", example: "*.mov" },
  { key: "said", query: "said", label: "Somebody says", kind: "text", example: "happy birthday" },
  { key: "after", query: "after", label: "Changed since", kind: "date" },
  { key: "before", query: "before", label: "Changed before", kind: "date" },
  { key: "longer", query: "longer_s", label: "Plays at least", kind: "number", unit: "s" },
  { key: "shorter", query: "shorter_s", label: "Plays at most", kind: "number", unit: "s" },
  { key: "per", query: "per_file", label: "Moments of a video", kind: "number", isWhole: true, example: "3" },
];

/** Moments that are asked for at first, and how many more at a time; a server gives no more than the last. */
export const TOP = 50;
export const MOST = 1000;

/** What an address says. */
export function read(search = location.search) {
  const from = new URLSearchParams(search);
  const number = (key) => {
    const value = from.get(key);
    return value !== null && value !== "" && Number.isFinite(Number(value)) ? Number(value) : null;
  };
  const filters = {};
  for (const { key } of FILTERS) if (from.get(key)) filters[key] = from.get(key);
  return {
    page: from.get("page") === "index" ? "index" : "search",
    q: from.get("q") ?? "",
    filters,
    like: from.get("like"),
    refine: from.get("refine") === "1",
    byWords: from.get("scores") === "words",
    all: from.get("all") === "1",
    top: Math.min(MOST, Math.max(TOP, Math.floor(number("top") ?? TOP))),
    video: from.get("v"),
    t: number("t"),
    end: number("end"),
  };
}

/** The address of a state. */
export function write(state) {
  const to = new URLSearchParams();
  if (state.page === "index") to.set("page", "index");
  if (state.q) to.set("q", state.q);
  for (const { key } of FILTERS) if (state.filters[key]) to.set(key, state.filters[key]);
  if (state.like) to.set("like", state.like);
  if (state.refine) to.set("refine", "1");
  if (state.byWords) to.set("scores", "words");
  if (state.all) to.set("all", "1");
  if (state.top > TOP) to.set("top", String(state.top));
  if (state.video) to.set("v", state.video);
  const time = (key, value) => value !== null && to.set(key, String(Math.round(value * 1000) / 1000));
  if (state.video) {
    time("t", state.t);
    time("end", state.end);
  }
  const text = to.toString();
  return text ? `/?${text}` : "/";
}

/** What is asked of the server; none where nothing is asked. */
export function query(state, image) {
  const filters = {};
  for (const { key, query, kind } of FILTERS) {
    const value = state.filters[key];
    if (value) filters[query] = kind === "number" ? Number(value) : value;
  }
  const at = state.like?.lastIndexOf("@") ?? -1;
  const like = at > 0 ? { media: state.like.slice(0, at), at_s: Number(state.like.slice(at + 1)) } : undefined;
  if (!state.q.trim() && !like && !image && !filters.said) return null;
  return { text: state.q, ...filters, ...(like && { like }), ...(image && { image }),
    ...(state.byWords && { scores: "words" }), ...(state.all && { all: true }), refine: state.refine, top: state.top };
}
