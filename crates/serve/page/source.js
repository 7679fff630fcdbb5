// What the player plays: the file itself where the browser can, else a proxy of a stretch of it.

import { mediaAddress, NO_ANSWER } from "./api.js";
import { clockOffset } from "./clock.js";
import { sentence } from "./words.js";

/** Seconds around a moment that its proxy holds, and of one without a moment. */
const AROUND_S = 2;
const ALONE_S = 30;
const LONGEST_S = 300;

/** Whether the browser says that it plays this; `maybe` is answered by trying. */
export async function canPlay(media) {
  const kind = media.media_type;
  if (!kind) return true;
  const video = document.createElement("video");
  if (video.canPlayType(kind) === "") return false;
  if (!navigator.mediaCapabilities) return true;
  try {
    const { supported } = await navigator.mediaCapabilities.decodingInfo({ type: "file", video: {
      contentType: withVideoOnly(kind), width: media.width, height: media.height, bitrate: 4_000_000, framerate: 30 } });
    return supported;
  } catch {
    // A way of writing the type that this question does not take: the file itself is the answer.
    return true;
  }
}

/** MediaCapabilities takes the pictures' codec alone. */
function withVideoOnly(kind) {
  const [container, codecs] = kind.split(/;\s*codecs=/);
  const first = codecs?.replaceAll('"', "").split(",")[0].trim();
  return first ? `${container}; codecs="${first}"` : container;
}

/** Why the server does not give this, in its words; none where it gives it, so that the browser cannot play it. */
export async function whyNot({ address }) {
  try {
    const response = await fetch(address, { headers: { range: "bytes=0-0" } });
    if (response.ok) return null;
    const { message } = await response.json();
    return sentence(message);
  } catch {
    return NO_ANSWER;
  }
}

/** The file as it is. */
export function direct(media) {
  return { kind: "direct", address: mediaAddress(media.id, "file"), from: 0, until: media.duration_s,
    offset: (video) => clockOffset(video, media) };
}

/** A stretch around a moment, as what every browser plays. */
export function proxy(media, start, end) {
  const from = Math.max(0, start - AROUND_S);
  const wanted = end === null ? start + ALONE_S : end + AROUND_S;
  const until = Math.max(from + 0.1, Math.min(wanted, from + LONGEST_S, media.duration_s));
  const span = `start=${from.toFixed(3)}&end=${until.toFixed(3)}`;
  return { kind: "proxy", address: mediaAddress(media.id, `proxy?${span}`), from, until, offset: () => -from };
}
