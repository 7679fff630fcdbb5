//! Ranks as threads of one process, for tests of what is spread: no MPI, no launcher.

use std::any::Any;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use locvtp_corpus::Rank;

use crate::communicator::{Communicator, GatheredRows, Letter, num_rows};
use crate::error::ClusterError;
use crate::progress::Progress;

/// Does the work once for each of `num_ranks` ranks, all at the same time, and returns what they return, by
/// rank. Sums have the bits that they have over MPI.
///
/// # Panics
/// When the work of a rank does; the others then panic at their next exchange, and none hangs.
///
/// # Example
/// ```
/// let sums = locvtp_cluster::in_threads(3, |ranks| {
///     let mut own = [ranks.rank().index() as f32];
///     ranks.sum_f32(&mut own).unwrap();
///     own[0]
/// });
/// assert_eq!(sums, [3.0, 3.0, 3.0]);
/// ```
pub fn in_threads<T: Send>(
    num_ranks: usize,
    work: impl Fn(&dyn Communicator) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = connected(num_ranks)
            .into_iter()
            .map(|ranks| scope.spawn(move || work(&ranks)))
            .collect();
        let results: Vec<_> = started.into_iter().map(thread::ScopedJoinHandle::join).collect();
        let (whole, panics): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        let mut panics: Vec<_> = panics.into_iter().filter_map(Result::err).collect();
        // Not that of a rank that only heard of another's end.
        let is_own = |panic: &Box<dyn Any + Send>| {
            let told = panic.downcast_ref::<String>().map(String::as_str);
            !told.or(panic.downcast_ref::<&str>().copied()).is_some_and(|it| it.ends_with(GONE))
        };
        if !panics.is_empty() {
            let first = panics.iter().position(is_own).unwrap_or(0);
            std::panic::resume_unwind(panics.swap_remove(first));
        }
        whole.into_iter().filter_map(Result::ok).collect()
    })
}

/// How the panic of a rank ends that heard of another's end.
const GONE: &str = "is gone";

/// One rank, with a way to and from each, itself included.
struct InThread {
    rank: Rank,
    to: Vec<Sender<Brought>>,
    from: Vec<Receiver<Brought>>,
    letters_to: Vec<Sender<Letter>>,
    letters: Receiver<Letter>,
    /// Whether the work of one of them panicked.
    has_panicked: Arc<AtomicBool>,
}

impl Drop for InThread {
    fn drop(&mut self) {
        self.has_panicked.fetch_or(thread::panicking(), Ordering::SeqCst);
    }
}

/// What a rank brings to an exchange: what it came for, as a verb and its object, and a `Vec` of elements.
#[derive(Clone)]
struct Brought {
    doing: String,
    elements: Arc<dyn Any + Send + Sync>,
}

fn connected(num_ranks: usize) -> Vec<InThread> {
    let (letters_to, letters): (Vec<_>, Vec<_>) = (0..num_ranks).map(|_| channel()).unzip();
    let has_panicked = Arc::default();
    let one = |(index, letters)| InThread {
        rank: Rank::new(index, num_ranks),
        to: vec![],
        from: vec![],
        letters_to: letters_to.clone(),
        letters,
        has_panicked: Arc::clone(&has_panicked),
    };
    let mut all: Vec<_> = letters.into_iter().enumerate().map(one).collect();
    for from in 0..num_ranks {
        for to in 0..num_ranks {
            let (sender, receiver) = channel();
            all[from].to.push(sender);
            all[to].from.push(receiver);
        }
    }
    all
}

impl InThread {
    /// What all bring, by rank.
    fn exchange<T: Clone + Send + Sync + 'static>(
        &self,
        doing: String,
        own: &[T],
    ) -> Result<Vec<Vec<T>>, ClusterError> {
        let brought = Brought { doing: doing.clone(), elements: Arc::new(own.to_vec()) };
        for (rank, to) in self.to.iter().enumerate() {
            to.send(brought.clone()).unwrap_or_else(|_| panic!("rank {rank} {GONE}"));
        }
        let mut all = Vec::new();
        for (other, from) in self.from.iter().enumerate() {
            let brought = from.recv().unwrap_or_else(|_| panic!("rank {other} {GONE}"));
            match brought.elements.downcast_ref::<Vec<T>>() {
                Some(elements) if brought.doing == doing => all.push(elements.clone()),
                _ => {
                    let (rank, other_at) = (self.rank.index(), brought.doing);
                    return Err(ClusterError::OutOfStep { rank, at: doing, other, other_at });
                }
            }
        }
        Ok(all)
    }

    fn sum<T>(&self, doing: String, values: &mut [T]) -> Result<(), ClusterError>
    where
        T: AddAssign + Copy + Send + Sync + 'static,
    {
        let all = self.exchange(doing, values)?;
        values.copy_from_slice(&all[0]);
        for other in &all[1..] {
            values.iter_mut().zip(other).for_each(|(sum, value)| *sum += *value);
        }
        Ok(())
    }
}

impl Communicator for InThread {
    fn rank(&self) -> Rank {
        self.rank
    }

    fn gather_rows(&self, rows: &[f32], width: usize) -> Result<GatheredRows, ClusterError> {
        let _whole = num_rows(rows, width);
        let all = self.exchange(format!("gathers rows of {width} numbers"), rows)?;
        let counts: Vec<_> = all.iter().map(|values| num_rows(values, width)).collect();
        Ok(GatheredRows::new(all.concat(), counts))
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<(), ClusterError> {
        self.sum(format!("sums {} single numbers", values.len()), values)
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<(), ClusterError> {
        self.sum(format!("sums {} double numbers", values.len()), values)
    }

    fn gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
        self.exchange("gathers bytes".into(), bytes)
    }

    fn send(&self, to: usize, letter: Vec<u8>) {
        let letter = Letter { from: self.rank.index(), bytes: letter };
        self.letters_to[to].send(letter).unwrap_or_else(|_| panic!("rank {to} {GONE}"));
    }

    fn received(&self, awaited: Option<usize>) -> Option<Letter> {
        let wait = awaited.map_or(Duration::ZERO, |_| Duration::from_millis(20));
        let letter = self.letters.recv_timeout(wait).ok();
        let is_hopeless = letter.is_none() && self.has_panicked.load(Ordering::SeqCst);
        assert!(!is_hopeless, "another rank {GONE}");
        letter
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    /// Ends this rank alone; the others follow at their next exchange.
    fn abort(&self, cause: &str) -> ! {
        panic!("rank {} ended all: {cause}", self.rank.index())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_ranks() {
        let gathered = in_threads(3, |ranks| {
            let index = ranks.rank().index();
            ranks.gather_rows(&vec![index as f32; 2 * index], 2).unwrap()
        });
        let expected = GatheredRows {
            values: vec![1.0, 1.0, 2.0, 2.0, 2.0, 2.0],
            rows: vec![0..0, 0..1, 1..3],
        };
        assert_eq!(gathered, vec![expected; 3]);
    }

    #[test]
    fn ranks_that_are_not_in_step_are_told_so_and_none_hangs() {
        let results = in_threads(2, |ranks| match ranks.rank().index() {
            0 => ranks.sum_f32(&mut [1.0; 4]).map_err(|error| error.to_string()),
            _ => ranks.sum_f64(&mut [1.0; 4]).map_err(|error| error.to_string()),
        });
        let told = "rank 0 sums 4 single numbers, and rank 1 sums 4 double numbers";
        assert!(results[0].as_ref().unwrap_err().ends_with(told), "{results:?}");
    }

    #[test]
    fn letters_come_in_order_and_nobody_stops_for_them() {
        let received = in_threads(3, |ranks| {
            let me = ranks.rank().index();
            if me != 0 {
                (0..3_u8).for_each(|place| ranks.send(0, vec![me as u8, place]));
                return Vec::new();
            }
            let mut letters = Vec::new();
            while letters.len() < 6 {
                letters.extend(ranks.received(Some(1)));
            }
            assert_eq!(ranks.received(None), None);
            letters
        });
        for rank in [1, 2] {
            let of_rank = received[0].iter().filter(|letter| letter.from == rank);
            let places: Vec<_> = of_rank.map(|letter| letter.bytes.clone()).collect();
            assert_eq!(places, [0, 1, 2].map(|place| vec![rank as u8, place]));
        }
    }

    #[test]
    #[should_panic(expected = "not a number")]
    fn a_panic_of_one_ends_also_those_who_wait_for_a_letter() {
        in_threads(2, |ranks| {
            assert!(ranks.rank().index() != 1, "not a number");
            while ranks.received(Some(1)).is_none() {}
        });
    }

    #[test]
    #[should_panic(expected = "not a number")]
    fn a_panic_of_one_ends_all() {
        in_threads(3, |ranks| {
            assert!(ranks.rank().index() != 0, "not a number");
            ranks.sum_f64(&mut [0.0])
        });
    }
}
