// The clock of the browser and ours.
//
// We count from the first picture of a file. A browser shows the file's own clock, which need not begin
// at 0 (a recording cut out of a longer one, an empty edit); some browsers move it to 0. Which of the two
// it does is told by the duration that it states: the end of its clock.

/** What to add to a time of ours for the clock of `video`, whose metadata is there. */
export function clockOffset(video, media) {
  const end = video.duration;
  if (!Number.isFinite(end)) return media.start_s;
  const keeps = Math.abs(end - (media.start_s + media.duration_s));
  const moves = Math.abs(end - media.duration_s);
  return keeps <= moves ? media.start_s : 0;
}
