//! What the ranks of a run can tell each other.

use std::ops::Range;

use locvtp_corpus::Rank;

use crate::error::ClusterError;
use crate::progress::Progress;

/// The ranks of one run, as one of them sees the others.
///
/// Sums and what is gathered are exchanges: all ranks come to the same ones in the same order, and each waits for all.
/// Where they do not, the error says who was where. Letters are for ranks that work each at its own pace.
///
/// It stays in the thread that it was made in:
/// ```compile_fail
/// fn elsewhere(ranks: &dyn locvtp_cluster::Communicator) {
///     std::thread::scope(|scope| {
///         scope.spawn(|| ranks.rank());
///     });
/// }
/// ```
pub trait Communicator {
    /// Which of how many.
    fn rank(&self) -> Rank;

    /// The rows of all ranks, in the order of ranks; each brings as many as it has, also none.
    ///
    /// # Shapes
    /// - `rows`: `[n, width]`, one row after the other, `n` of this rank
    /// - returns `[sum of n, width]`
    ///
    /// # Errors
    /// When another rank is elsewhere or has rows of another width.
    ///
    /// # Panics
    /// When `rows` are not whole rows.
    fn gather_rows(&self, rows: &[f32], width: usize) -> Result<GatheredRows, ClusterError>;

    /// Puts the sum over all ranks in the place of each number, added in the order of ranks.
    ///
    /// # Errors
    /// When another rank is elsewhere or has another count of numbers.
    fn sum_f32(&self, values: &mut [f32]) -> Result<(), ClusterError>;

    /// [`sum_f32`](Self::sum_f32) in double precision, for losses and counts.
    ///
    /// # Errors
    /// As [`sum_f32`](Self::sum_f32).
    fn sum_f64(&self, values: &mut [f64]) -> Result<(), ClusterError>;

    /// What each rank brings, in the order of ranks. The first is what rank 0 tells all.
    ///
    /// # Errors
    /// When another rank is elsewhere.
    fn gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError>;

    /// Sends a letter to another rank. It does not wait until that has come, but where 64 MiB are on their way.
    ///
    /// Letters of one rank to another come in the order in which they were sent. All of them must be
    /// [`received`](Self::received) before the ranks are done.
    ///
    /// # Panics
    /// When there is no such other rank.
    fn send(&self, to: usize, letter: Vec<u8>);

    /// The next letter that came from any rank. Who can do nothing before another rank says something names that as
    /// `awaited`, and waits some milliseconds for it.
    fn received(&self, awaited: Option<usize>) -> Option<Letter>;

    /// A handle by which any thread tells the watchdog that the work moves.
    fn progress(&self) -> Progress;

    /// Ends all ranks at once and says on standard error which rank ended them, and why. The exit code is 1.
    fn abort(&self, cause: &str) -> !;
}

/// What one rank told another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The rank that sent it.
    pub from: usize,
    /// What it sent.
    pub bytes: Vec<u8>,
}

/// The rows of all ranks.
#[derive(Debug, Clone, PartialEq)]
pub struct GatheredRows {
    /// `[n, width]`, one row after the other, those of rank 0 first.
    pub values: Vec<f32>,
    /// Which rows are whose, by rank.
    pub rows: Vec<Range<usize>>,
}

impl GatheredRows {
    /// Of `counts` rows a rank.
    pub(crate) fn new(values: Vec<f32>, counts: impl IntoIterator<Item = usize>) -> Self {
        let mut end = 0;
        let rows = counts.into_iter().map(|count| {
            let begin = end;
            end += count;
            begin..end
        });
        Self { values, rows: rows.collect() }
    }
}

/// How many rows there are.
///
/// # Panics
/// When they are not whole.
pub(crate) fn num_rows(values: &[f32], width: usize) -> usize {
    assert!(width > 0, "rows of no width");
    assert_eq!(values.len() % width, 0, "{} numbers in rows of {width}", values.len());
    values.len() / width
}
