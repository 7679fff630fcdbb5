//! Which of several processes takes which videos.

use std::cmp::Reverse;

use locvtp_corpus::Rank;

use crate::extraction::video_list::VideoFile;

/// The places of the videos that each rank takes, by rank: growing, and the same whoever asks. The largest video goes first,
/// to the rank with the fewest bytes so far, so that all have about as many; of as many, to the first.
pub(crate) fn shares(videos: &[VideoFile], num_ranks: usize) -> Vec<Vec<usize>> {
    let mut by_size: Vec<usize> = (0..videos.len()).collect();
    by_size.sort_by_key(|&place| Reverse(videos[place].bytes));
    let mut shares = vec![(0_u64, Vec::new()); num_ranks];
    for place in by_size {
        // An empty file is one to look at, too.
        let bytes = videos[place].bytes.max(1);
        let least = shares.iter_mut().min_by_key(|(bytes, _)| *bytes).expect("one rank at least");
        least.0 += bytes;
        least.1.push(place);
    }
    let in_order = |(_, mut places): (u64, Vec<usize>)| {
        places.sort_unstable();
        places
    };
    shares.into_iter().map(in_order).collect()
}

/// The share of one rank.
pub(crate) fn share(videos: &[VideoFile], rank: Rank) -> Vec<usize> {
    shares(videos, rank.world_size()).swap_remove(rank.index())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn videos(sizes: &[u64]) -> Vec<VideoFile> {
        let video = |(place, &bytes): (usize, &u64)| VideoFile {
            id: place.to_string(),
            path: place.to_string().into(),
            bytes,
        };
        sizes.iter().enumerate().map(video).collect()
    }

    #[test]
    fn each_video_is_in_one_share_and_shares_are_about_as_large() {
        assert_eq!(shares(&videos(&[5, 5, 5, 5, 5]), 2), [vec![0, 2, 4], vec![1, 3]]);
        // 9 to the first; 5, 4 to the second; then 1 to the first, as both have 9.
        assert_eq!(shares(&videos(&[1, 4, 9, 5]), 2), [vec![0, 2], vec![1, 3]]);
        assert_eq!(shares(&videos(&[7, 0, 0]), 3), [vec![0], vec![1], vec![2]]);
        assert_eq!(shares(&videos(&[7]), 3), [vec![0], vec![], vec![]]);
        assert_eq!(share(&videos(&[1, 2, 3]), Rank::ALONE), [0, 1, 2]);
    }
}
