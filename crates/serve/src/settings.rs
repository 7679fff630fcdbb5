//! Where the server listens, who may ask, and what a request may cost.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use locvtp_video::FrameTableCache;

use crate::token::Token;

/// How the server is set up. Start from [`ServeSettings::new`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeSettings {
    /// Where it listens; port 0 takes any free one. By default `127.0.0.1:8765`.
    pub address: SocketAddr,
    /// What a visitor must know; needed off the loopback address.
    pub token: Option<Token>,
    /// A folder for sprites, thumbnails and proxies, made where it is missing and kept within its
    /// budget; a temporary one where none is given.
    pub cache_folder: Option<PathBuf>,
    /// Where it is kept whether the clocks of videos go on; without, MPEG-TS and MPEG-PS are read whole for each
    /// picture of them.
    pub frame_tables: Option<FrameTableCache>,
    /// What requests may cost.
    pub limits: ServeLimits,
}

impl ServeSettings {
    /// On the loopback address, without a token.
    pub fn new() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8765),
            token: None,
            cache_folder: None,
            frame_tables: None,
            limits: ServeLimits::default(),
        }
    }
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// Bounds of time, memory and work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeLimits {
    /// Connections at a time; more wait to be accepted. 256.
    pub connections: usize,
    /// How long the head of a request may take to come. 10 s.
    pub header_time: Duration,
    /// How long the answer to a request may take to begin, its body read included; proxies have
    /// `proxy_time`. 30 s.
    pub request_time: Duration,
    /// How long a proxy may take to be made; then its making ends. 120 s.
    pub proxy_time: Duration,
    /// How long a reader may take nothing before it is cut off. 30 s. The system holds 256 KiB for it at most and takes more
    /// when a third of that has gone, so who reads less than about 5 kB a second is cut off, too. Browsers that pause
    /// a video ask again from where they were.
    pub stall_time: Duration,
    /// How long running answers may go on when the server is stopped. 3 s.
    pub grace_time: Duration,
    /// Bytes of a request's body: a query with a picture. 12 MiB.
    pub body_bytes: usize,
    /// Bytes of all bodies together that are being read or worked on, but for the first 64 KiB of each. 256 MiB; who
    /// sends more is sent away with status 503.
    pub bodies_bytes: usize,
    /// Bodies with a picture that are at work at a time; others wait. 4. Small ones, of 64 KiB, do not count.
    pub large_bodies: usize,
    /// Pieces of files that are read at a time. 4.
    pub reads: usize,
    /// Questions to the index and pictures in work at a time. Twice the processors.
    pub work: usize,
    /// Of questions to the index, those that look into the videos for the ends of moments (`refine`), in work at a
    /// time: they take seconds, and the others are answered meanwhile. 2.
    pub refining: usize,
    /// Questions with a picture in work at a time: decoding one may take 256 MiB. 2.
    pub picture_questions: usize,
    /// Of each of these two kinds, how many may wait. 16.
    pub waiting_long: usize,
    /// Of those in `work`, how many may wait; more are sent away with status 503. 64.
    pub waiting_work: usize,
    /// Proxies in work at a time. 2.
    pub proxies: usize,
    /// Proxies that may wait. 8.
    pub waiting_proxies: usize,
    /// The longest stretch that a proxy is made of. 600 s.
    pub proxy_span: Duration,
    /// Bytes of sprites and thumbnails on the disk. 256 MiB.
    pub picture_cache_bytes: u64,
    /// Bytes of proxies on the disk. 1 GiB.
    pub proxy_cache_bytes: u64,
}

impl Default for ServeLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: 256,
            header_time: Duration::from_secs(10),
            request_time: Duration::from_secs(30),
            proxy_time: Duration::from_secs(120),
            stall_time: Duration::from_secs(30),
            grace_time: Duration::from_secs(3),
            body_bytes: 12 << 20,
            bodies_bytes: 256 << 20,
            large_bodies: 4,
            reads: 4,
            work: 2 * processors,
            refining: 2,
            picture_questions: 2,
            waiting_long: 16,
            waiting_work: 64,
            proxies: 2,
            waiting_proxies: 8,
            proxy_span: Duration::from_secs(600),
            picture_cache_bytes: 256 << 20,
            proxy_cache_bytes: 1 << 30,
        }
    }
}
