//! Letters from one rank to another, which neither stops for: both go on with their work, and now and then look whether
//! something came.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use mpi::request::{Request, StaticScope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Equivalence, Source};

use crate::communicator::Letter;
use crate::mpi::watchdog::Watchdog;

/// The tag of letters.
const TAG: i32 = 4;

/// Bytes of one message: MPI counts to 2^31.
const PIECE: usize = 1 << 24;

/// Who has so many bytes on their way waits until some have come.
const MOST_ON_THEIR_WAY: usize = 64 << 20;

/// Between two looks of who has nothing else to do.
const PAUSE: Duration = Duration::from_micros(200);

/// For so long at most one look waits.
const LONGEST_LOOK: Duration = Duration::from_millis(20);

/// The last byte of a message: whether more of the letter follows.
const MORE: u8 = 1;
const ALL: u8 = 0;

/// What this rank sent and what comes to it.
#[derive(Default)]
pub(super) struct Mail {
    going: RefCell<VecDeque<Moving>>,
    coming: RefCell<Vec<Moving>>,
    /// By rank: the pieces of its next letter.
    begun: RefCell<Vec<Vec<u8>>>,
    came: RefCell<VecDeque<Letter>>,
}

/// A message that MPI reads or writes meanwhile.
struct Moving {
    /// The other rank.
    rank: usize,
    bytes: *mut [u8],
    /// None when it is over.
    request: Option<Request<'static, [u8]>>,
}

impl Mail {
    pub(super) fn send(
        &self,
        world: &SimpleCommunicator,
        dog: &Watchdog,
        to: usize,
        mut letter: Vec<u8>,
    ) {
        if letter.len() < PIECE {
            letter.push(ALL);
            self.begin_to_send(world, to, letter);
        } else {
            let last = letter.chunks(PIECE).count() - 1;
            for (place, piece) in letter.chunks(PIECE).enumerate() {
                let mark = if place == last { ALL } else { MORE };
                self.begin_to_send(world, to, [piece, &[mark]].concat());
            }
        }
        self.look(world);
        self.wait_until_at_most(MOST_ON_THEIR_WAY, world, dog);
    }

    /// The next letter; where none is there, and this rank can do nothing before the one that it awaits says something, one
    /// that comes within some milliseconds.
    pub(super) fn received(
        &self,
        world: &SimpleCommunicator,
        dog: &Watchdog,
        awaited: Option<usize>,
    ) -> Option<Letter> {
        let began = Instant::now();
        loop {
            self.look(world);
            if let Some(letter) = self.came.borrow_mut().pop_front() {
                dog.moved();
                return Some(letter);
            }
            let rank = awaited.filter(|_| began.elapsed() < LONGEST_LOOK)?;
            dog.waits_for(rank);
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until all that was sent has come.
    pub(super) fn wait_until_all_is_sent(&self, world: &SimpleCommunicator, dog: &Watchdog) {
        self.wait_until_at_most(0, world, dog);
    }

    fn wait_until_at_most(&self, bytes: usize, world: &SimpleCommunicator, dog: &Watchdog) {
        loop {
            let on_their_way: usize = self.going.borrow().iter().map(|it| it.bytes.len()).sum();
            let first = self.going.borrow().front().map(|it| it.rank);
            let Some(rank) = first.filter(|_| on_their_way > bytes) else { return };
            dog.waits_for(rank);
            std::thread::sleep(PAUSE);
            self.look(world);
        }
    }

    fn begin_to_send(&self, world: &SimpleCommunicator, to: usize, message: Vec<u8>) {
        let bytes: *mut [u8] = Box::into_raw(message.into_boxed_slice());
        // SAFETY: they are freed when the request is over, and nobody writes to them before.
        let shown: &'static [u8] = unsafe { &*bytes };
        let process = world.process_at_rank(to as i32);
        let request = Some(process.immediate_send_with_tag(StaticScope, shown, TAG));
        self.going.borrow_mut().push_back(Moving { rank: to, bytes, request });
    }

    /// What MPI has of the others' messages, and what became of those on their way.
    fn look(&self, world: &SimpleCommunicator) {
        self.going.borrow_mut().retain_mut(|message| match message.is_over() {
            true => {
                message.take_bytes();
                false
            }
            false => true,
        });
        let mut coming = self.coming.borrow_mut();
        while let Some((message, status)) =
            world.any_process().immediate_matched_probe_with_tag(TAG)
        {
            let length = status.count(u8::equivalent_datatype()) as usize;
            let bytes: *mut [u8] = Box::into_raw(vec![0; length].into_boxed_slice());
            // SAFETY: they are freed when the request is over, and nobody reads them before.
            let filled: &'static mut [u8] = unsafe { &mut *bytes };
            let request = Some(message.immediate_matched_receive_into(StaticScope, filled));
            coming.push(Moving { rank: status.source_rank() as usize, bytes, request });
        }
        let mut overtaken = HashSet::new();
        coming.retain_mut(|message| {
            // A message of a rank may be there before one that it sent earlier.
            let is_next = message.is_over() && !overtaken.contains(&message.rank);
            if is_next {
                self.put_together(message.rank, message.take_bytes());
            } else {
                overtaken.insert(message.rank);
            }
            !is_next
        });
    }

    fn put_together(&self, from: usize, mut piece: Vec<u8>) {
        let mark = piece.pop();
        let mut begun = self.begun.borrow_mut();
        if begun.len() <= from {
            begun.resize(from + 1, Vec::new());
        }
        let letter = &mut begun[from];
        if letter.is_empty() {
            *letter = piece;
        } else {
            letter.extend(piece);
        }
        if mark == Some(ALL) {
            let bytes = std::mem::take(letter);
            self.came.borrow_mut().push_back(Letter { from, bytes });
        }
    }
}

impl Moving {
    fn is_over(&mut self) -> bool {
        self.request = self.request.take().and_then(|request| request.test().err());
        self.request.is_none()
    }

    /// The bytes of a message that is over.
    fn take_bytes(&mut self) -> Vec<u8> {
        assert!(self.request.is_none(), "MPI still has the bytes");
        let bytes = std::mem::replace(&mut self.bytes, Box::into_raw(Box::<[u8]>::default()));
        // SAFETY: they came from a box, MPI is done with them, and this is the one place that takes them back.
        unsafe { Box::from_raw(bytes) }.into_vec()
    }
}
