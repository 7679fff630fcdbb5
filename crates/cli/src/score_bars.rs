//! Clip scores over time as bars of block characters, for a terminal.
//!
//! One line a clip; a video with more than [`MAX_LINES`] clips has several neighbouring clips in a
//! line, with the largest of their scores. The bar runs from the least score to the greatest.

use locvtp_measure::Moment;
use locvtp_video::TimeSpan;

/// Lines of the picture, at most.
const MAX_LINES: usize = 60;
/// Eighths of a full block.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The lines of the picture, each at most `width` characters.
pub(crate) fn score_bars(
    clips: &[TimeSpan],
    scores: &[f32],
    moments: &[Moment],
    width: usize,
) -> Vec<String> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let range = f64::from(greatest - least).max(1e-9);
    let in_a_line = clips.len().div_ceil(MAX_LINES).max(1);
    clips
        .chunks(in_a_line)
        .zip(scores.chunks(in_a_line))
        .map(|(clips, scores)| {
            let score = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let span = TimeSpan { start: clips[0].start, end: clips[clips.len() - 1].end };
            let head = format!(
                "{} {:>9} {score:>6.3} ",
                mark(&span, moments),
                format!("{:.2} s", span.start.0)
            );
            let room = width.saturating_sub(head.chars().count()).max(8);
            let share = f64::from(score - least) / range;
            head + &bar(share, room)
        })
        .collect()
}

/// The rank of the best moment that covers the middle of `span`, beside a line down the moment.
fn mark(span: &TimeSpan, moments: &[Moment]) -> String {
    let rank = moments.iter().position(|moment| moment.span.contains(span.midpoint()));
    rank.map_or("   ".into(), |rank| format!("{:>2}┃", rank + 1))
}

/// A bar of `share` (0..=1) of `room` characters; never nothing, so that every clip is seen.
fn bar(share: f64, room: usize) -> String {
    let eighths = ((share * (room * 8) as f64).round() as usize).clamp(1, room * 8);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(count: usize) -> Vec<TimeSpan> {
        (0..count).map(|i| TimeSpan::new(1.5 * i as f64, 1.5 * (i + 1) as f64)).collect()
    }

    fn moment(start: f64, end: f64) -> Moment {
        Moment { span: TimeSpan::new(start, end), score: 0.5, evidence: 1.0 }
    }

    #[test]
    fn every_clip_has_a_line_and_those_of_the_moment_are_marked() {
        let lines = score_bars(&clips(4), &[0.1, 0.9, 0.8, -0.2], &[moment(1.5, 4.5)], 60);
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with(" 1┃") && lines[2].starts_with(" 1┃"), "{lines:#?}");
        assert!(lines[0].starts_with("   ") && lines[3].starts_with("   "), "{lines:#?}");
        assert!(lines[1].contains("1.50 s") && lines[1].contains("0.900"), "{lines:#?}");
        let full = lines[1].chars().filter(|c| *c == '█').count();
        let least = lines[3].chars().filter(|c| *c == '█').count();
        assert_eq!(lines[1].chars().count(), 60, "the greatest score fills the line");
        assert!(full > 30 && least == 0 && lines[3].ends_with('▏'), "{lines:#?}");
    }

    #[test]
    fn a_long_video_fits_on_a_few_lines_and_keeps_its_peaks() {
        let mut scores = vec![0.0; 1000];
        scores[503] = 0.7;
        let lines = score_bars(&clips(1000), &scores, &[], 80);
        assert!(lines.len() <= MAX_LINES);
        assert_eq!(lines.iter().filter(|line| line.contains("0.700")).count(), 1);
    }

    #[test]
    fn equal_scores_and_a_narrow_terminal_are_drawn_too() {
        let lines = score_bars(&clips(2), &[0.3, 0.3], &[], 5);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.ends_with('▏')), "{lines:#?}");
    }
}
