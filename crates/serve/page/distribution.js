// The scores of all clips to one query, and from where on they count as found: how far the best ones stand out.

import { h, s } from "./dom.js";
import { counted } from "./words.js";

const WIDTH = 300;
const HEIGHT = 72;

export function drawDistribution({ bin_edges: edges, counts, cut }) {
  const first = edges[0];
  const last = Math.max(edges[edges.length - 1], cut ?? -Infinity);
  const x = (score) => ((score - first) / (last - first || 1)) * WIDTH;
  // Roots, so that the few clips at the right are seen beside the many at the left.
  const most = Math.sqrt(Math.max(...counts, 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const isAbove = (bin) => cut !== null && edges[bin + 1] > cut;
  const bars = counts.map((count, bin) => {
    const height = (Math.sqrt(count) / most) * (HEIGHT - 14);
    return s("rect", { x: x(edges[bin]) + 0.5, y: HEIGHT - height, width: Math.max(1, x(edges[bin + 1]) - x(edges[bin]) - 1),
      height, rx: 1, class: isAbove(bin) ? "above" : "below" });
  });
  const above = counts.filter((_, bin) => isAbove(bin)).reduce((sum, count) => sum + count, 0);
  const words = cut === null
    ? `${counted(total, "clip")}; how high is enough was not measured.`
    : `${above.toLocaleString("en")} of ${counted(total, "clip")} ${above === 1 ? "scores" : "score"} as high as what counts as found.`;
  const drawing = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "distribution", role: "img", "aria-label":
    `Scores of all clips to this query. ${words}`, preserveAspectRatio: "none" }, ...bars);
  if (cut !== null) {
    drawing.append(s("line", { x1: x(cut), x2: x(cut), y1: 0, y2: HEIGHT, class: "cut" }));
  }
  const caption = h("figcaption", {}, h("span", {}, "low"), h("span", { class: cut === null ? "no-cut" : "cut-word" }, words),
    h("span", {}, "high"));
  return h("figure", { class: "distribution-figure" }, drawing, caption);
}
