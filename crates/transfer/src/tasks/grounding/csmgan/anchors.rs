//! Proposals: around every frame, moments of a few widths.

use super::config::CsmganConfig;

/// From one frame to another, both a part of it; proposals begin and end between frames as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameSpan {
    /// First frame.
    pub start: f64,
    /// Last frame.
    pub end: f64,
}

impl FrameSpan {
    /// Shared by joint frames, where a frame counts whole: `(overlap + 1) / (hull + 1)`.
    ///
    /// The release's measure of targets and of hits. The hull is that of both spans, so of spans
    /// apart the overlap is negative; that is an IoU of 0.
    pub fn inclusive_iou(&self, other: &Self) -> f64 {
        let hull = self.end.max(other.end) - self.start.min(other.start);
        if hull < -1e-5 {
            return 0.0;
        }
        let overlap = self.end.min(other.end) - self.start.max(other.start);
        ((overlap + 1.0) / (hull + 1.0)).max(0.0)
    }
}

/// All proposals, `p` of them, frame by frame: `(width - 1) / 2` on either side of it.
pub fn proposals(config: &CsmganConfig) -> Vec<FrameSpan> {
    let around = |centre: usize| {
        config.anchor_widths.iter().map(move |width| {
            let half = 0.5 * (width - 1.0);
            FrameSpan { start: centre as f64 - half, end: centre as f64 + half }
        })
    };
    (0..config.num_frames).flat_map(around).collect()
}

/// What offsets are added to: the proposals with their bounds rounded towards zero, as the release
/// has them, or as they are with [`CsmganConfig::keep_fractions`].
pub fn offset_bases(config: &CsmganConfig) -> Vec<FrameSpan> {
    let mut bases = proposals(config);
    if !config.keep_fractions {
        for base in &mut bases {
            *base = FrameSpan { start: base.start.trunc(), end: base.end.trunc() };
        }
    }
    bases
}

/// Whether a proposal lies within the video; the others score 0 and are never right.
pub(super) fn is_legal(proposal: &FrameSpan, num_frames: usize) -> bool {
    proposal.start >= 0.0 && proposal.end < num_frames as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposals_go_frame_by_frame_and_fractions_of_frames_stay() {
        let all = proposals(&CsmganConfig::tacos());
        assert_eq!(all.len(), 800);
        assert_eq!(all[0], FrameSpan { start: -0.875, end: 0.875 });
        assert_eq!(all[1], FrameSpan { start: -1.875, end: 1.875 });
        // The fifth is the second frame's first.
        assert_eq!(all[4], FrameSpan { start: 0.125, end: 1.875 });
        let legal = all.iter().filter(|proposal| is_legal(proposal, 200)).count();
        // Frames with room on both sides: half widths .875, 1.875, 3.875, 7.875; an end of 199.875
        // is still within. From frame 1 to 199, 2 to 198, 4 to 196, 8 to 192.
        assert_eq!(legal, 199 + 197 + 193 + 185);
    }

    #[test]
    fn offsets_are_added_to_bounds_rounded_towards_zero() {
        let config = CsmganConfig::tacos();
        let bases = offset_bases(&config);
        // Around frame 0 the bounds are -.875, .875 and -1.875, 1.875; around frame 1 .125, 1.875.
        assert_eq!(bases[0], FrameSpan { start: 0.0, end: 0.0 });
        assert_eq!(bases[1], FrameSpan { start: -1.0, end: 1.0 });
        assert_eq!(bases[4], FrameSpan { start: 0.0, end: 1.0 });
        let kept = CsmganConfig { keep_fractions: true, ..config };
        assert_eq!(offset_bases(&kept), proposals(&kept));
        // Both bounds of a width of 16 lie half a frame off: -7.5 is -7, and 7.5 is 7.
        let of_activity_net = offset_bases(&CsmganConfig::activitynet());
        assert_eq!(of_activity_net[0], FrameSpan { start: -7.0, end: 7.0 });
    }

    #[test]
    fn a_shared_frame_counts_whole() {
        let span = |start, end| FrameSpan { start, end };
        // Frames 2..=5 and 4..=9 share 4 and 5 of 2..=9: 2 of 8.
        assert_eq!(span(2.0, 5.0).inclusive_iou(&span(4.0, 9.0)), 0.25);
        assert_eq!(span(3.0, 3.0).inclusive_iou(&span(3.0, 3.0)), 1.0);
        // Next to each other: overlap -1 + 1 = 0.
        assert_eq!(span(0.0, 4.0).inclusive_iou(&span(5.0, 9.0)), 0.0);
        assert_eq!(span(0.0, 1.0).inclusive_iou(&span(8.0, 9.0)), 0.0);
    }
}
