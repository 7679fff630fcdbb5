//! Messages to the other ranks, and waiting for theirs: at once where they come at once, and without keeping a core
//! busy where another rank still calculates. MPI itself asks again and again for as long as it takes, and a rank that
//! waits would cost as much processor time as one that works.

use std::cell::Cell;
use std::time::{Duration, Instant};

use locvtp_corpus::Rank;
use mpi::request::{LocalScope, Request};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Equivalence, Source};

use crate::communicator::Letter;
use crate::mpi::mail::Mail;
use crate::mpi::watchdog::Watchdog;

/// For so long a message is asked for again and again.
const AT_ONCE: Duration = Duration::from_micros(500);

/// Between two questions afterwards: short beside a step, long beside what a question costs.
const PAUSE: Duration = Duration::from_micros(200);

/// The other ranks, as one sees them.
pub(super) struct Peers {
    world: SimpleCommunicator,
    pub(super) rank: Rank,
    /// Exchanges so far, the same on all ranks.
    pub(super) exchanges: Cell<u64>,
    pub(super) watchdog: Watchdog,
    mail: Mail,
}

impl Peers {
    pub(super) fn new(world: SimpleCommunicator, rank: Rank, watchdog: Watchdog) -> Self {
        Self { world, rank, exchanges: Cell::new(0), watchdog, mail: Mail::default() }
    }

    /// Exchanges messages with them: `begin` says what is to be sent and received, and all of it is over when this
    /// returns. Messages of one tag come in the order in which they were sent.
    pub(super) fn exchange<'a, T: Equivalence + 'a>(
        &self,
        tag: i32,
        begin: impl FnOnce(&mut Messages<'a, '_, T>),
    ) {
        mpi::request::scope(|scope| {
            let (awaited, sent) = (Vec::new(), Vec::new());
            let mut messages = Messages { world: &self.world, tag, scope, awaited, sent };
            begin(&mut messages);
            self.wait_for_all(messages.awaited);
            self.wait_for_all(messages.sent);
        });
    }

    pub(super) fn send(&self, to: usize, letter: Vec<u8>) {
        self.mail.send(&self.world, &self.watchdog, to, letter);
    }

    pub(super) fn received(&self, awaited: Option<usize>) -> Option<Letter> {
        self.mail.received(&self.world, &self.watchdog, awaited)
    }

    /// Waits until the others have all letters.
    pub(super) fn wait_until_all_is_sent(&self) {
        self.mail.wait_until_all_is_sent(&self.world, &self.watchdog);
    }

    /// The other ranks, each with what is its own in a list by rank.
    pub(super) fn others<L: IntoIterator>(
        &self,
        by_rank: L,
    ) -> impl Iterator<Item = (usize, L::Item)> + use<L> {
        let own = self.rank.index();
        by_rank.into_iter().enumerate().filter(move |(rank, _)| *rank != own)
    }

    fn wait_for_all<T>(&self, mut open: Vec<Open<'_, '_, T>>) {
        let began = Instant::now();
        loop {
            open = open.into_iter().filter_map(still_open).collect();
            let Some(&(rank, _)) = open.first() else { break };
            if began.elapsed() < AT_ONCE {
                std::thread::yield_now();
            } else {
                self.watchdog.waits_for(rank);
                std::thread::sleep(PAUSE);
            }
        }
        self.watchdog.moved();
    }
}

/// A message on its way, and the rank that it comes from or goes to.
type Open<'a, 's, T> = (usize, Request<'a, [T], &'s LocalScope<'a>>);

fn still_open<'a, 's, T>((rank, request): Open<'a, 's, T>) -> Option<Open<'a, 's, T>> {
    Some((rank, request.test().err()?))
}

/// The messages of one exchange. Empty ones are not sent.
pub(super) struct Messages<'a, 's, T> {
    world: &'s SimpleCommunicator,
    tag: i32,
    scope: &'s LocalScope<'a>,
    awaited: Vec<Open<'a, 's, T>>,
    sent: Vec<Open<'a, 's, T>>,
}

impl<'a, T: Equivalence> Messages<'a, '_, T> {
    pub(super) fn send(&mut self, to: usize, what: &'a [T]) {
        if !what.is_empty() {
            let process = self.world.process_at_rank(to as i32);
            self.sent.push((to, process.immediate_send_with_tag(self.scope, what, self.tag)));
        }
    }

    pub(super) fn receive(&mut self, from: usize, into: &'a mut [T]) {
        if !into.is_empty() {
            let process = self.world.process_at_rank(from as i32);
            let request = process.immediate_receive_into_with_tag(self.scope, into, self.tag);
            self.awaited.push((from, request));
        }
    }
}
