// The clock of the browser and ours.
//
// We count from the start of a file. A browser shows the file's own clock, which need not begin
// at 0 (a recording cut out of a longer one, an empty edit); another one may move it to 0. What a browser
// does shows when its first picture is there: it then stands at the beginning of its clock. The duration
// that it states does not tell: Chromium states the length of an MP4 and runs past it.

/** Seconds by which a clock must begin late to be asked for: below, both clocks are the same. */
const LATE_S = 0.05;

/** Whether the clock of this file must be asked for when its first picture is there. */
export const beginsLate = (media) => media.start_s > LATE_S;

/** What to add to a time of ours for the clock of `video`, which has its first picture and was not moved. */
export function clockOffset(video, media) {
  if (!beginsLate(media)) return media.start_s;
  const saysSo = video.duration > media.start_s / 2 + media.duration_s;
  return saysSo || video.currentTime > media.start_s / 2 ? media.start_s : 0;
}

/** The last time of ours that can be sought: a browser seeks no further than the duration it states. */
export function seekableUntil(video, media, offset) {
  return beginsLate(media) && Number.isFinite(video.duration) ? video.duration - offset - LATE_S : Infinity;
}
