//! The communicator of a run that is spread over several processes.

use std::marker::PhantomData;

use locvtp_corpus::Rank;

use crate::communicator::{Communicator, GatheredRows, Letter, num_rows};
use crate::error::ClusterError;
use crate::mpi::ending;
use crate::mpi::meeting::Kind;
use crate::mpi::peers::Peers;
use crate::progress::Progress;

/// One rank of those that MPI knows.
pub struct Mpi {
    peers: Peers,
    /// Neither `Send` nor `Sync`: MPI is called from the main thread alone.
    stays: PhantomData<*const ()>,
}

impl Mpi {
    pub(super) fn new(peers: Peers) -> Self {
        Self { peers, stays: PhantomData }
    }

    /// Waits until all ranks have done their work.
    pub(super) fn all_done(&self) -> Result<(), ClusterError> {
        self.peers.wait_until_all_is_sent();
        self.peers.meet(Kind::End, 0, 0).map(drop)
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> Rank {
        self.peers.rank
    }

    fn gather_rows(&self, rows: &[f32], width: usize) -> Result<GatheredRows, ClusterError> {
        let counts = self.peers.meet(Kind::Rows, width, num_rows(rows, width))?;
        let numbers: Vec<_> = counts.iter().map(|rows| rows * width).collect();
        Ok(GatheredRows::new(self.peers.gather(rows, &numbers), counts))
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<(), ClusterError> {
        self.peers.meet(Kind::SumF32, values.len(), 0)?;
        self.peers.sum(values);
        Ok(())
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<(), ClusterError> {
        self.peers.meet(Kind::SumF64, values.len(), 0)?;
        self.peers.sum(values);
        Ok(())
    }

    fn gather_bytes(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
        let counts = self.peers.meet(Kind::Bytes, 0, bytes.len())?;
        let all = self.peers.gather(bytes, &counts);
        let mut rest = all.as_slice();
        let part = |count| {
            let (part, behind) = rest.split_at(count);
            rest = behind;
            part.to_vec()
        };
        Ok(counts.into_iter().map(part).collect())
    }

    fn send(&self, to: usize, letter: Vec<u8>) {
        self.peers.send(to, letter);
    }

    fn received(&self, awaited: Option<usize>) -> Option<Letter> {
        self.peers.received(awaited)
    }

    fn progress(&self) -> Progress {
        self.peers.watchdog.progress()
    }

    fn abort(&self, cause: &str) -> ! {
        ending::end_all(self.peers.rank, cause)
    }
}
