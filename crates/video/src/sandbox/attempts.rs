//! What a worker tries before it begins, and must fail at: whether it is locked up is asked of the system, not believed.

use std::ffi::CStr;
use std::io;
use std::ptr;

/// A call into the system: -1 where it fails.
type Attempt = fn() -> i64;

/// What is tried, and how.
const ATTEMPTS: [(&str, Attempt); 9] = [
    // SAFETY, of all: each is a call into the system with valid arguments. What one that should fail does where it does not
    // is harmless, or the end of this process, which then never says that it is ready.
    ("open a socket of the internet", || {
        unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) }.into()
    }),
    ("open a local socket", || unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0) }.into()),
    ("open a file", || open(libc::O_RDONLY)),
    ("create a file", || open(libc::O_TMPFILE | libc::O_RDWR)),
    ("start a program", || {
        let nothing: [*const libc::c_char; 1] = [ptr::null()];
        unsafe { libc::execve(c"/bin/true".as_ptr(), nothing.as_ptr(), nothing.as_ptr()) }.into()
    }),
    ("start a process", || match unsafe { libc::fork() } {
        0 => unsafe { libc::_exit(0) },
        child => child.into(),
    }),
    ("look into another process", || unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) }),
    ("send a signal", || unsafe { libc::kill(libc::getppid(), 0) }.into()),
    ("make memory that can be run", || {
        let (rights, kind) =
            (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        unsafe { libc::mmap(ptr::null_mut(), 4096, rights, kind, -1, 0) as i64 }
    }),
];

fn open(flags: i32) -> i64 {
    let folder: &CStr = c"/tmp";
    // SAFETY: the name ends in a zero byte.
    unsafe { libc::open(folder.as_ptr(), flags, 0o600) }.into()
}

/// The number of the system's error for each; an error where one succeeds.
pub(super) fn all() -> Result<Vec<(String, i32)>, String> {
    let failed = |(what, attempt): &(&str, Attempt)| match attempt() {
        -1 => Ok(((*what).to_owned(), io::Error::last_os_error().raw_os_error().unwrap_or(0))),
        _ => Err(format!("a worker can still {what}")),
    };
    ATTEMPTS.iter().map(failed).collect()
}
