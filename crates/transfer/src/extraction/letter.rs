//! What processes that share an extraction tell each other.

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

use crate::extraction::decoding::VideoEnd;
use crate::extraction::observer::ExtractProgress;

/// A letter without what stands behind it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Head {
    /// To rank 0: the video at this place is done. Its clips stand behind.
    Done { video: usize, end: VideoEnd, num_clips: usize, num_numbers: usize },
    /// To rank 0: the video at this place cannot be read.
    Bad { video: usize, reason: String, is_damaged: bool, has_hung: bool },
    /// To rank 0: how far this rank is with its share.
    Progress(ExtractProgress),
    /// To rank 0: this rank is done with its share, or stopped.
    Ended { progress: ExtractProgress, stopped: bool },
    /// From rank 0: stop; what is done is kept.
    Stop,
    /// From rank 0: it has all letters.
    Over,
}

/// A video's clips on their way.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Clips {
    pub(crate) spans: Vec<TimeSpan>,
    /// `[spans, width]`
    pub(crate) values: Vec<f32>,
    /// What was found out beside them.
    pub(crate) aside: Vec<u8>,
}

/// The length of the head, the head as JSON, and behind a head [`Head::Done`] spans, features, and the rest; little endian.
pub(crate) fn to_bytes(head: &Head, clips: &Clips) -> Vec<u8> {
    let head = serde_json::to_vec(head).expect("plain data");
    let mut bytes = Vec::with_capacity(
        4 + head.len() + clips.spans.len() * 16 + clips.values.len() * 4 + clips.aside.len(),
    );
    bytes.extend((head.len() as u32).to_le_bytes());
    bytes.extend(head);
    let times = clips.spans.iter().flat_map(|span| [span.start.0, span.end.0]);
    bytes.extend(times.flat_map(f64::to_le_bytes));
    bytes.extend(clips.values.iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(&clips.aside);
    bytes
}

/// # Panics
/// When it is no letter: all ranks run the same program, and MPI loses nothing.
pub(crate) fn from_bytes(bytes: &[u8]) -> (Head, Clips) {
    let (length, rest) = bytes.split_first_chunk().expect("a letter has a head");
    let (head, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
    let head = serde_json::from_slice(head).expect("the head of a letter");
    let Head::Done { num_clips, num_numbers, .. } = head else { return (head, Clips::default()) };
    let (spans, rest) = rest.split_at(num_clips * 16);
    let (values, aside) = rest.split_at(num_numbers * 4);
    let time = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
    let span = |bytes: &[u8]| TimeSpan::new(time(&bytes[..8]), time(&bytes[8..]));
    let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("chunks of four"));
    let clips = Clips {
        spans: spans.chunks_exact(16).map(span).collect(),
        values: values.chunks_exact(4).map(number).collect(),
        aside: aside.to_vec(),
    };
    (head, clips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_comes_out_of_its_bytes_as_it_went_in() {
        let end = VideoEnd { duration_s: 0.1 + 0.2, ..VideoEnd::default() };
        let head = Head::Done { video: 3, end, num_clips: 2, num_numbers: 4 };
        let clips = Clips {
            spans: vec![TimeSpan::new(0.1, 0.7), TimeSpan::new(0.7, 1.3)],
            values: vec![f32::MIN_POSITIVE, -0.1, 1e30, 3.0],
            aside: b"words".to_vec(),
        };
        assert_eq!(from_bytes(&to_bytes(&head, &clips)), (head, clips));
        let none = Clips::default;
        assert_eq!(from_bytes(&to_bytes(&Head::Stop, &none())), (Head::Stop, none()));
    }
}
