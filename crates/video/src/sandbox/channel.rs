//! Messages between two processes, over a pair of sockets: a head in JSON, and bytes beside it. An open file can go along.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a message may hold at most, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) head: u64,
    pub(super) beside: u64,
}

/// A message's lengths: of the head, and of what is beside it.
const LENGTHS: usize = 16;

/// Memory that is taken on the word of the other side.
const AT_ONCE: usize = 64 << 20;

/// What has come.
pub(super) struct Message<M> {
    pub(super) head: M,
    pub(super) beside: Vec<u8>,
    pub(super) file: Option<File>,
}

/// One end of the pair.
pub(super) struct Channel {
    socket: UnixStream,
    /// How long the socket waits.
    patience: Option<Duration>,
    /// When the other side is given up.
    until: Option<Instant>,
}

impl Channel {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self { socket, patience: None, until: None }
    }

    /// Waits so long for the next message, at most twice; none for ever.
    pub(super) fn wait_for(&mut self, patience: Option<Duration>) -> io::Result<()> {
        self.until = patience.map(|patience| Instant::now() + patience);
        if self.patience != patience {
            self.socket.set_read_timeout(patience)?;
            self.socket.set_write_timeout(patience)?;
            self.patience = patience;
        }
        Ok(())
    }

    /// Sends a message.
    pub(super) fn send(
        &mut self,
        head: &impl Serialize,
        beside: &[u8],
        file: Option<&File>,
    ) -> io::Result<()> {
        let head = serde_json::to_vec(head)?;
        let mut first = Vec::with_capacity(LENGTHS + head.len());
        first.extend((head.len() as u64).to_le_bytes());
        first.extend((beside.len() as u64).to_le_bytes());
        first.extend(head);
        let sent = match file {
            Some(file) => send_with(&self.socket, &first, file.as_raw_fd())?,
            None => 0,
        };
        self.socket.write_all(&first[sent..])?;
        self.socket.write_all(beside)
    }

    /// The next message, and the file that came with it; none where the other side is gone.
    pub(super) fn receive<M: DeserializeOwned>(
        &mut self,
        most: Most,
    ) -> io::Result<Option<Message<M>>> {
        let mut lengths = [0; LENGTHS];
        let (mut num_read, mut file) = (0, None);
        while num_read < LENGTHS {
            let (read, with) = receive_with(&self.socket, &mut lengths[num_read..])?;
            match read {
                0 if num_read == 0 => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => num_read += read,
            }
            file = file.or(with);
        }
        let (head, beside) = lengths.split_at(8);
        let head = self.bytes(head, most.head)?;
        let beside = self.bytes(beside, most.beside)?;
        Ok(Some(Message { head: serde_json::from_slice(&head)?, beside, file }))
    }

    fn bytes(&mut self, length: &[u8], most: u64) -> io::Result<Vec<u8>> {
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
        if length > most {
            let said = format!("{length} bytes where {most} are the most");
            return Err(io::Error::new(ErrorKind::InvalidData, said));
        }
        let mut bytes = Vec::with_capacity(AT_ONCE.min(length as usize));
        self.take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.until.is_some_and(|until| Instant::now() > until) {
            return Err(ErrorKind::TimedOut.into());
        }
        self.socket.read(buffer)
    }
}

/// Room for the control message of one descriptor.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Bytes of a descriptor.
const DESCRIPTOR: u32 = size_of::<RawFd>() as u32;

/// A message of these bytes, with room for one descriptor. It points to all three.
fn message(
    part: &mut libc::iovec,
    bytes: *mut u8,
    length: usize,
    control: &mut Control,
) -> libc::msghdr {
    *part = libc::iovec { iov_base: bytes.cast(), iov_len: length };
    // SAFETY: zeros are a message of nothing.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (part, 1);
    message.msg_control = control.0.as_mut_ptr().cast();
    // Of one, without the padding in which the system would put a second.
    // SAFETY: works a number out.
    message.msg_controllen = unsafe { libc::CMSG_LEN(DESCRIPTOR) } as _;
    message
}

/// Sends bytes, as many as go at once, and with the first of them a descriptor.
fn send_with(socket: &UnixStream, bytes: &[u8], descriptor: RawFd) -> io::Result<usize> {
    let (mut part, mut control) = (empty_part(), Control([0; 64]));
    let length = bytes.len();
    let message = message(&mut part, bytes.as_ptr().cast_mut(), length, &mut control);
    // SAFETY: the room for control messages is larger than one with a descriptor, aligned, and set to zeros; the bytes are
    // only read.
    unsafe {
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(DESCRIPTOR) as _;
        libc::CMSG_DATA(head).cast::<RawFd>().write_unaligned(descriptor);
        uninterrupted(|| libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL))
    }
}

/// Bytes, as many as are there, and the file that comes with them.
fn receive_with(socket: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Option<File>)> {
    let (mut part, mut control) = (empty_part(), Control([0; 64]));
    let mut message = message(&mut part, buffer.as_mut_ptr(), buffer.len(), &mut control);
    // SAFETY: the message points to a buffer and to room of the stated sizes. A descriptor that has come is ours alone.
    unsafe {
        let (socket, flags) = (socket.as_raw_fd(), libc::MSG_CMSG_CLOEXEC);
        let received = uninterrupted(|| libc::recvmsg(socket, &raw mut message, flags))?;
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        let is_file = !head.is_null()
            && (*head).cmsg_type == libc::SCM_RIGHTS
            && (*head).cmsg_len as usize == libc::CMSG_LEN(DESCRIPTOR) as usize;
        let file = is_file.then(|| {
            let descriptor = libc::CMSG_DATA(head).cast::<RawFd>().read_unaligned();
            File::from(OwnedFd::from_raw_fd(descriptor))
        });
        Ok((received, file))
    }
}

/// The bytes that a call moved. A signal that comes meanwhile is none of its failures.
fn uninterrupted(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(moved) = usize::try_from(call()) {
            return Ok(moved);
        }
        let error = io::Error::last_os_error();
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn empty_part() -> libc::iovec {
    libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { head: 100, beside: 1 << 20 };

    #[test]
    fn a_message_comes_as_it_went_with_bytes_and_a_file_beside_it() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut ours, mut theirs) = (Channel::new(ours), Channel::new(theirs));
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"in the file").unwrap();
        // More than the system holds on the way.
        let many = vec![7; 1 << 20];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                theirs.send(&"with", &many, Some(&file)).unwrap();
                theirs.send(&"without", b"", None).unwrap();
                drop(theirs);
            });
            let first = ours.receive::<String>(MOST).unwrap().unwrap();
            assert!(first.head == "with" && first.beside == many);
            assert_eq!(first.file.unwrap().metadata().unwrap().len(), 11);
            let second = ours.receive::<String>(MOST).unwrap().unwrap();
            assert!(second.head == "without" && second.beside.is_empty() && second.file.is_none());
            assert!(ours.receive::<String>(MOST).unwrap().is_none());
        });
    }

    #[test]
    fn what_is_longer_than_expected_ends_too_early_or_does_not_come_is_an_error() {
        let received = |lengths: [u64; 2], bytes: &[u8]| {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(&lengths.map(u64::to_le_bytes).concat()).unwrap();
            theirs.write_all(bytes).unwrap();
            drop(theirs);
            Channel::new(ours).receive::<u8>(MOST).map(|_| ()).map_err(|error| error.kind())
        };
        assert_eq!(received([1, 2], b"7ab"), Ok(()));
        assert_eq!(received([101, 0], &[b'7'; 101]), Err(ErrorKind::InvalidData));
        assert_eq!(received([1, u64::MAX], b"7"), Err(ErrorKind::InvalidData));
        assert_eq!(received([1, 3], b"7ab"), Err(ErrorKind::UnexpectedEof));
        assert_eq!(received([3, 0], b"300"), Err(ErrorKind::InvalidData));
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut ours = Channel::new(ours);
        ours.wait_for(Some(Duration::from_millis(10))).unwrap();
        assert!(ours.receive::<u8>(MOST).is_err());
    }
}
