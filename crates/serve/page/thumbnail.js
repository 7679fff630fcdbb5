// The picture of a video in a list. Of a file that is not where it was there is none, and it is not asked for.

import { mediaAddress } from "./api.js";
import { h, icon } from "./dom.js";

/** The picture of a moment, with words in its corner; `media` is not known of a video that is gone. */
export function thumbnail(media, at, corner) {
  const isThere = media && !media.is_missing;
  return h("span", { class: "thumbnail" },
    isThere ? h("img", { src: mediaAddress(media.id, `thumbnail?at=${at}`), alt: "", loading: "lazy", decoding: "async",
      width: 160, height: 90, onerror: (event) => event.target.classList.add("broken") })
      : h("span", { class: "no-picture" }, icon("missing")),
    h("span", { class: "length", "aria-hidden": "true" }, corner));
}
