//! The one process of a run that is not spread.

use locvtp_corpus::Rank;
use locvtp_video::shown::one_line;

use crate::communicator::{Communicator, GatheredRows, Letter, num_rows};
use crate::error::ClusterError;
use crate::progress::Progress;

/// No others: what all ranks bring is what this one brings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> Rank {
        Rank::ALONE
    }

    fn gather_rows(&self, rows: &[f32], width: usize) -> Result<GatheredRows, ClusterError> {
        Ok(GatheredRows::new(rows.to_vec(), [num_rows(rows, width)]))
    }

    fn sum_f32(&self, _values: &mut [f32]) -> Result<(), ClusterError> {
        Ok(())
    }

    fn sum_f64(&self, _values: &mut [f64]) -> Result<(), ClusterError> {
        Ok(())
    }

    fn gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
        Ok(vec![bytes.to_vec()])
    }

    fn send(&self, to: usize, _letter: Vec<u8>) {
        panic!("a letter to rank {to}, and there is one alone")
    }

    fn received(&self, _awaited: Option<usize>) -> Option<Letter> {
        None
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    #[expect(clippy::print_stderr, reason = "the process ends here, and nobody else can tell")]
    fn abort(&self, cause: &str) -> ! {
        eprintln!("error: {}", one_line(cause));
        std::process::exit(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_brings_is_what_all_bring() {
        let rows = Alone.gather_rows(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!(rows.values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((rows.rows.len(), rows.rows[0].clone()), (1, 0..2));
        let mut sums = [1.5];
        Alone.sum_f64(&mut sums).unwrap();
        assert_eq!(sums, [1.5]);
        assert_eq!(Alone.gather_bytes(b"mine").unwrap(), [b"mine"]);
    }

    #[test]
    #[should_panic(expected = "3 numbers in rows of 2")]
    fn half_a_row_is_a_mistake_of_ours() {
        let _ = Alone.gather_rows(&[1.0, 2.0, 3.0], 2);
    }
}
