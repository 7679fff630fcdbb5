//! Whether a transcript's times are milliseconds, told by what stands there.
//!
//! Whisper's tables are in milliseconds, HowTo100M's in seconds, both under the header `start`, `end`,
//! `text`. Milliseconds are whole numbers; an end that lies many times behind the end of the video is
//! no second; and nobody says ten letters in twenty-five minutes, or thousands of them in a second.

/// Letters a second that nobody speaks: read as seconds, milliseconds give a thousandth of what was
/// said in one.
const FASTEST_LETTERS_HZ: f64 = 40.0;
/// An end that lies so many times behind the video's is no second.
const FAR_BEHIND: f64 = 10.0;

/// What of a caption tells the unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// Characters of its text but spaces.
    pub(crate) letters: usize,
}

impl Timed {
    pub(crate) fn new(start: f64, end: f64, text: &str) -> Self {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        Self { start, end, letters }
    }
}

/// Whether the times are milliseconds. `length_s` asks how long the video is, where that can be told;
/// it is asked only when it matters.
pub(crate) fn are_milliseconds(captions: &[Timed], length_s: impl FnOnce() -> Option<f64>) -> bool {
    let times = captions.iter().flat_map(|caption| [caption.start, caption.end]);
    let whole = times.clone().all(|time| time.is_finite() && time.fract() == 0.0 && time >= 0.0);
    let last = times.fold(0.0, f64::max);
    let said: f64 = captions.iter().map(|caption| (caption.end - caption.start).max(0.0)).sum();
    // Nothing is said in a tenth of a second.
    if !whole || said <= 0.0 || last < 100.0 {
        return false;
    }
    let letters: usize = captions.iter().map(|caption| caption.letters).sum();
    let slow = (letters as f64) / said < FASTEST_LETTERS_HZ / 1000.0;
    match length_s() {
        Some(length_s) if last > FAR_BEHIND * length_s => true,
        // Labels of long stretches are slow as well.
        Some(length_s) if last <= length_s => slow && last / 1000.0 > length_s / 2.0,
        _ => slow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(captions: &[(f64, f64, &str)], length_s: Option<f64>) -> bool {
        let timed: Vec<Timed> =
            captions.iter().map(|(start, end, text)| Timed::new(*start, *end, text)).collect();
        are_milliseconds(&timed, || length_s)
    }

    #[test]
    fn milliseconds_are_told_from_seconds_by_what_was_said_in_them() {
        let whisper = [(0.0, 1500.0, "she whisks"), (1500.0, 3000.0, "he pours")];
        // 9 + 7 letters in 3,000 s, or in 3 s.
        assert!(told(&whisper, None) && told(&whisper, Some(4.0)));
        let seconds = [(0.0, 5.0, "she whisks the eggs"), (5.0, 120.0, "and he pours")];
        assert!(!told(&seconds, None) && !told(&seconds, Some(120.0)));
        assert!(!told(&[(0.0, 1500.5, "she whisks")], Some(4.0)), "a fraction is no millisecond");
        // A label of a whole film of 25 minutes.
        let label = [(0.0, 1500.0, "cooking")];
        assert!(!told(&label, Some(1500.0)) && !told(&label, Some(1600.0)));
        assert!(told(&label, Some(2.0)), "and of one that lasts 2 s");
        // Fast speech, and Chinese.
        assert!(told(&[(0.0, 1000.0, "supercalifragilisticexpiali")], None));
        assert!(told(&[(0.0, 2000.0, "她打鸡蛋然后倒牛奶")], None));
        assert!(!told(&[], None) && !told(&[(3.0, 3.0, "x")], None));
    }
}
