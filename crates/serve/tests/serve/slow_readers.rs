//! Who reads slowly is served, and who hardly reads is not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use locvtp_serve::{MediaId, ServeSettings};
use tokio::net::TcpSocket;

use crate::http::{connect, get};
use crate::shelf::OneFilm;

/// A film and a file of 64 MiB, which says nothing, and a server that waits so long for readers and has so many places.
fn served(stall_time: Duration, connections: usize) -> OneFilm {
    let mut settings = ServeSettings::new();
    (settings.limits.stall_time, settings.limits.connections) = (stall_time, connections);
    OneFilm::with(settings, |shelf| {
        let path = shelf.media[0].path.with_file_name("long.mp4");
        let size_bytes = 64 << 20;
        std::fs::File::create(&path).unwrap().set_len(size_bytes).unwrap();
        let mut long = shelf.media[0].clone();
        (long.id, long.path, long.size_bytes) = (MediaId::new("long").unwrap(), path, size_bytes);
        shelf.media.push(long);
    })
}

/// A connection whose system holds next to nothing for its reader.
fn with_a_small_window(address: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let connected = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2304).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    connected.set_nonblocking(false).unwrap();
    connected
}

fn ask_for_the_file(film: &OneFilm, mut stream: TcpStream) -> TcpStream {
    let address = film.server.address;
    let head = format!("GET /api/v1/media/long/file HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn who_reads_slowly_and_steadily_is_not_cut_off() {
    // A third of what the system may hold without a bound is more than a megabyte: that takes this reader 6 seconds.
    let film = served(Duration::from_secs(4), 2);
    let mut stream = ask_for_the_file(&film, connect(film.server.address));
    let mut piece = vec![0; 50_000];
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(9) {
        stream.read_exact(&mut piece).unwrap();
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn who_reads_a_byte_at_a_time_is_cut_off_and_keeps_nobody_out() {
    let film = served(Duration::from_secs(1), 1);
    let mut stream = ask_for_the_file(&film, with_a_small_window(film.server.address));
    let reader = std::thread::spawn(move || {
        let began = Instant::now();
        while matches!(stream.read(&mut [0]), Ok(1)) {
            // What a closed connection had still to send would take many minutes.
            assert!(began.elapsed() < Duration::from_secs(50), "still served");
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    // There is one place.
    assert_eq!(get(film.server.address, "/healthz").status, 200);
    reader.join().unwrap();
}
