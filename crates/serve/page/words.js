// Times and verdicts in words.

/** `1:02:03.4`, without hours where there are none. */
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const whole = Math.max(0, Math.round(seconds * unit));
  const rest = ((whole / unit) % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const minutes = Math.floor(whole / unit / 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** A time for a screen reader: `1 minute 5.2 seconds`. */
export function spoken(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const parts = [[Math.floor(tenths / 36000), "hour"], [Math.floor(tenths / 600) % 60, "minute"]]
    .filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  return [...parts, `${((tenths % 600) / 10)} seconds`].join(" ");
}

/** `1 video`, `2 videos`. */
export const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

/** `3 h 20 min`, `45 s`. */
export function lasting(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600).toLocaleString("en")} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Words of the server, with a capital and a full stop. */
export const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1) + (/[.?!]$/.test(words) ? "" : ".");

export const day = (unix) => unix === null ? "" : new Date(unix * 1000).toLocaleDateString("en-CA");

export const VERDICTS = {
  found: { word: "Found", sign: "✓" },
  maybe: { word: "Maybe", sign: "?" },
  nothing_stands_out: { word: "Nothing stands out", sign: "–" },
  not_in_these_videos: { word: "Not in these videos", sign: "×" },
  nothing_found: { word: "Nothing found", sign: "–" },
  cannot_be_told: { word: "Cannot be told", sign: "?" },
};

/** How sure a moment is, in the words of the command line. */
export const SURE = { found: "found", maybe: "maybe", guess: "guess" };

/** How many moments there are, by how sure they are: a number without a word is of what the verdict says. */
export function countedMoments(hits, verdict) {
  const counts = Object.keys(SURE).map((sure) => [sure, hits.filter((hit) => hit.sure === sure).length]).filter(([, count]) => count > 0);
  if (counts.length === 1 && counts[0][0] === verdict) return counted(counts[0][1], "moment");
  return counts.map(([sure, count]) => sure === "guess" ? counted(count, "guess") : `${count.toLocaleString("en")} ${SURE[sure]}`).join(", ");
}

/** What a moment is called: a guess is no hit. */
export const nounOf = (hit) => hit.sure === "guess" ? "Guess" : "Moment";

/** What the verdict rests on: the measured rate of false alarms. */
export function reasonInWords(verdict, rate) {
  if (verdict === "cannot_be_told") return "The model knows no word of it that names something, and no subtitle says it.";
  if (verdict === "nothing_found") return "";
  // A moment that was seen is found by a measured rate alone.
  if (rate === null) return verdict === "found" ? "Found by what is said there." : "How sure this is was not measured.";
  const besides = { nothing_stands_out: " It may be there all the same.", not_in_these_videos: "" }[verdict];
  return `${rateInWords(rate)}${besides ?? " That is not the chance of being wrong: a moment may be of something alike."}`;
}

/** Shares above which another word is said, in per cent. */
const CUTS = [5, 50, 95];

/** A share of 100, rounded so that it lies on the side of each cut that its word is of. */
function perCent(share) {
  const exact = share * 100;
  const rounded = Math.round(exact);
  return CUTS.some((cut) => exact > cut && rounded <= cut) ? Math.ceil(exact) : rounded;
}

/** The measured rate of false alarms of a moment; empty where there is none. */
export function rateOf({ false_alarm_rate: rate }) {
  if (rate === null) return "";
  return rate < 0.01 ? "less than 1 %" : `${perCent(rate)} %`;
}

function rateInWords(rate) {
  const many = rate < 0.01 ? "fewer than 1" : `about ${perCent(rate)}`;
  return `Of 100 sentences about something else, ${many} would get an answer as good as this one.`;
}
