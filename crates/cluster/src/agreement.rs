//! Each step's "I am well": all ranks go on, all stop, or all know who failed and why.

use crate::communicator::Communicator;
use crate::error::{ClusterError, RankFailure};

/// How a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// With the next step.
    GoOn,
    /// Not: somebody asked for its end. What was done is kept.
    Stop,
}

/// Agrees on how the step goes on, and sums the `counts` that it divides by on the way: one exchange for
/// both. One rank that wants to stop stops all. What this rank found is `own`, with the cause in words.
///
/// # Errors
/// [`ClusterError::Failed`] on every rank when any brings a cause.
pub fn agree(
    ranks: &dyn Communicator,
    own: Result<Course, String>,
    counts: &mut [f64],
) -> Result<Course, ClusterError> {
    let mut sums = counts.to_vec();
    sums.push(f64::from(u8::from(own == Ok(Course::Stop))));
    sums.push(f64::from(u8::from(own.is_err())));
    ranks.sum_f64(&mut sums)?;
    let (stops, failures) = (sums[counts.len()], sums[counts.len() + 1]);
    if failures > 0.0 {
        return Err(ClusterError::Failed { failures: causes(ranks, own.err())? });
    }
    counts.copy_from_slice(&sums[..counts.len()]);
    Ok(if stops > 0.0 { Course::Stop } else { Course::GoOn })
}

fn causes(ranks: &dyn Communicator, own: Option<String>) -> Result<Vec<RankFailure>, ClusterError> {
    // A byte before the words, so that a failure without words is one, too.
    let told = own.map_or_else(Vec::new, |cause| [b"!", cause.as_bytes()].concat());
    let all = ranks.gather_bytes(&told)?.into_iter().enumerate();
    let failed = all.filter(|(_, told)| !told.is_empty());
    let failure = |(rank, told): (usize, Vec<u8>)| {
        let cause = String::from_utf8_lossy(&told[1..]).into_owned();
        RankFailure { rank, cause }
    };
    Ok(failed.map(failure).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alone::Alone;
    use crate::threads::in_threads;

    #[test]
    fn one_alone_agrees_with_itself() {
        let mut counts = [3.0, 4.0];
        assert_eq!(agree(&Alone, Ok(Course::GoOn), &mut counts).unwrap(), Course::GoOn);
        assert_eq!(agree(&Alone, Ok(Course::Stop), &mut counts).unwrap(), Course::Stop);
        assert_eq!(counts, [3.0, 4.0]);
        let error = agree(&Alone, Err("the disk is full".into()), &mut counts).unwrap_err();
        assert_eq!(error.to_string(), "rank 0 failed: the disk is full");
    }

    #[test]
    fn all_know_who_failed_and_one_that_stops_stops_all() {
        let agreed = |own: fn(usize) -> Result<Course, String>| {
            in_threads(3, |ranks| {
                let index = ranks.rank().index();
                let mut counts = [index as f64];
                let course = agree(ranks, own(index), &mut counts);
                (course.map_err(|error| error.to_string()), counts[0])
            })
        };
        let stopped = |rank| Ok(if rank == 1 { Course::Stop } else { Course::GoOn });
        assert_eq!(agreed(stopped), vec![(Ok(Course::Stop), 3.0); 3]);
        let failed = |rank| match rank {
            0 => Ok(Course::Stop),
            1 => Err(String::new()),
            _ => Err("no space".into()),
        };
        let told = Err("rank 1 failed: ; rank 2 failed: no space".to_owned());
        let found = agreed(failed);
        assert_eq!(found, [(told.clone(), 0.0), (told.clone(), 1.0), (told, 2.0)]);
    }
}
