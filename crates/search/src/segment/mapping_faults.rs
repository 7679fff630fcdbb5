//! Pages of mapped files that cannot be read: the file was cut short under its mapping, or its drive is gone.
//!
//! The system tells a program so by SIGBUS, which ends it. Here it becomes zeros and a mark: the handler finds
//! the mapping in a table that needs no lock, puts empty memory over it and marks it. Whoever reads a mapping
//! asks for the mark afterwards, and throws away what was read where it is set. A SIGBUS about anything else
//! goes to the handler of before.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, OnceLock, PoisonError};

/// Mappings at a time. Linux gives a program 65,530 at most, unless its settings were changed.
const MOST: usize = 1 << 16;

/// A mapping's place in the table; it starts at 0 where there is none.
struct Place {
    start: AtomicUsize,
    end: AtomicUsize,
    is_broken: AtomicBool,
}

static PLACES: [Place; MOST] = [const {
    Place {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        is_broken: AtomicBool::new(false),
    }
}; MOST];

/// Places from here on were never used.
static NUM_USED: AtomicUsize = AtomicUsize::new(0);

/// Places that are free again. The handler does not look at it.
static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// What was done about SIGBUS before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// A mapping that is watched until this is dropped, which must be before the mapping is.
#[derive(Debug)]
pub(super) struct Watched {
    place: usize,
}

impl Watched {
    /// Watches the mapped bytes at these addresses.
    pub(super) fn new(addresses: Range<usize>) -> io::Result<Self> {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(install);
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match free.pop() {
            Some(place) => place,
            None => {
                let place = NUM_USED.load(Ordering::SeqCst);
                if place == MOST {
                    return Err(io::Error::other("too many files are mapped into memory"));
                }
                NUM_USED.store(place + 1, Ordering::SeqCst);
                place
            }
        };
        let entry = &PLACES[place];
        entry.is_broken.store(false, Ordering::SeqCst);
        // The start comes last: from then on the handler takes the entry for whole.
        entry.end.store(addresses.end, Ordering::SeqCst);
        entry.start.store(addresses.start, Ordering::SeqCst);
        Ok(Self { place })
    }

    /// Whether a page of it could not be read, so that what was read may be zeros.
    pub(super) fn is_broken(&self) -> bool {
        PLACES[self.place].is_broken.load(Ordering::SeqCst)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        PLACES[self.place].start.store(0, Ordering::SeqCst);
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
    }
}

fn install() {
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: plain calls with valid pointers; all zeros are a `sigaction`.
    unsafe {
        if libc::sigaction(libc::SIGBUS, std::ptr::null(), before.as_mut_ptr()) == 0 {
            let _ = BEFORE.set(before.assume_init());
        }
        let mut ours: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = on_fault as *const () as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut ours.sa_mask);
        libc::sigaction(libc::SIGBUS, &ours, std::ptr::null_mut());
    }
}

/// Does only what a signal handler may: atomic numbers, `mmap`, `sigaction`, `raise`.
extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system hands over a valid `siginfo_t`.
    let (address, is_fault) = unsafe { ((*info).si_addr() as usize, (*info).si_code > 0) };
    if !is_fault || !put_zeros(address) {
        pass_on(signal, is_fault, info, context);
    }
}

/// Puts empty memory over the mapping that an address lies in, and marks it. The thread at fault is reading
/// it, so it is not unmapped meanwhile.
fn put_zeros(address: usize) -> bool {
    for place in &PLACES[..NUM_USED.load(Ordering::SeqCst)] {
        let start = place.start.load(Ordering::SeqCst);
        let end = place.end.load(Ordering::SeqCst);
        let is_it = start != 0 && (start..end).contains(&address);
        // An entry that another thread was just changing is none of ours.
        if !is_it || place.start.load(Ordering::SeqCst) != start {
            continue;
        }
        place.is_broken.store(true, Ordering::SeqCst);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
        // SAFETY: exactly the pages of a mapping of ours, which is only read.
        let zeros =
            unsafe { libc::mmap(start as *mut c_void, end - start, libc::PROT_READ, flags, -1, 0) };
        return zeros != libc::MAP_FAILED;
    }
    false
}

fn pass_on(signal: c_int, is_fault: bool, info: *mut libc::siginfo_t, context: *mut c_void) {
    let before = BEFORE.get();
    let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
    if handler == libc::SIG_IGN && !is_fault {
        return;
    }
    // SAFETY: a handler of before is called as the system would call it.
    unsafe {
        if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
            let mut default: libc::sigaction = std::mem::zeroed();
            default.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(signal, &default, std::ptr::null_mut());
            // What was at fault is tried again when this returns, and ends the program; a signal that
            // somebody sent has to be sent again.
            if !is_fault {
                libc::raise(signal);
            }
        } else if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) {
            type WithInfo = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
            std::mem::transmute::<usize, WithInfo>(handler)(signal, info, context);
        } else {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        }
    }
}
