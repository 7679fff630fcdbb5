//! Before anything is exchanged all ranks meet, and tell what they came for. A rank that came for something else is
//! told of in words, where MPI would mix their numbers up or wait for ever; and one that does not come
//! is known by its number.

use crate::error::ClusterError;
use crate::mpi::peers::Peers;

/// The tag of what is told at a meeting.
const TAG: i32 = 1;

/// What ranks come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rows,
    SumF32,
    SumF64,
    Bytes,
    End,
}

const KINDS: [Kind; 5] = [Kind::Rows, Kind::SumF32, Kind::SumF64, Kind::Bytes, Kind::End];

/// Kind, number of the exchange, size that must be the same on all ranks, and count that is this rank's own.
type Told = [u64; 4];

impl Peers {
    /// Meets all ranks: `same` must be equal on all, `own` is told to all. Returns what each has as its own,
    /// by rank.
    pub(super) fn meet(
        &self,
        kind: Kind,
        same: usize,
        own: usize,
    ) -> Result<Vec<usize>, ClusterError> {
        let number = self.exchanges.replace(self.exchanges.get() + 1);
        let told = [kind as u64, number, same as u64, own as u64];
        let all = self.told_by_all(&told);
        let elsewhere = all.iter().position(|other| other[..3] != told[..3]);
        match elsewhere {
            Some(other) => Err(ClusterError::OutOfStep {
                rank: self.rank.index(),
                at: in_words(&told),
                other,
                other_at: in_words(&all[other]),
            }),
            None => Ok(all.iter().map(|told| told[3] as usize).collect()),
        }
    }

    fn told_by_all(&self, told: &Told) -> Vec<Told> {
        let mut all = vec![*told; self.rank.world_size()];
        self.exchange(TAG, |messages| {
            for (rank, other) in self.others(&mut all) {
                messages.receive(rank, &mut other[..]);
                messages.send(rank, &told[..]);
            }
        });
        all
    }
}

/// As a verb and its object.
fn in_words(&[kind, number, same, _]: &Told) -> String {
    let doing = match KINDS.get(kind as usize) {
        Some(Kind::Rows) => format!("gathers rows of {same} numbers"),
        Some(Kind::SumF32) => format!("sums {same} single numbers"),
        Some(Kind::SumF64) => format!("sums {same} double numbers"),
        Some(Kind::Bytes) => "gathers bytes".into(),
        Some(Kind::End) => "is done".into(),
        None => format!("does something of another version ({kind})"),
    };
    format!("{doing} in exchange {number}")
}
