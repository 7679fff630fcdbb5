//! The server: listens, answers, and stops when it is told to.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::bodies::Bodies;
use crate::cache_folder::CacheFolder;
use crate::connection::Connection;
use crate::file_cache::FileCache;
use crate::guard;
use crate::library::Library;
use crate::request_log::Observer;
use crate::routes;
use crate::settings::ServeSettings;
use crate::state::State;
use crate::token::Session;
use crate::workers::Workers;

/// Bytes that are read of the head of a request before it is given up; [`guard`](crate::guard) refuses those of more than it may have.
const READ_HEAD_BYTES: usize = guard::HEAD_BYTES + (8 << 10);
/// Bytes that the system holds for each connection until the other side takes them; without a bound it is megabytes, and it
/// cannot be told who reads slowly from who does not read.
const SEND_BUFFER: u32 = 256 << 10;
/// Headers of a request at most.
const HEADERS: usize = 64;
/// Videos that are looked up and files that are opened at a time, and wait for it.
const LOOK_UPS: (usize, usize) = (8, 256);
/// Threads that speak with the connections at most; they only pass bytes on.
const MOST_SPEAKERS: usize = 4;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Others could look at the videos.
    #[error(
        "{address} can be reached from other machines, so a token is needed: write one into a file \
         (`openssl rand -hex 16 > token`) and give it with --token-file; or serve on 127.0.0.1"
    )]
    TokenNeeded {
        /// Where it was to listen.
        address: SocketAddr,
    },

    /// The address is not to be had.
    #[error("cannot listen on {address}; choose another one, or port 0 for any that is free")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// There is no place for sprites and proxies.
    #[error("{folder}: cannot keep pictures and proxies there", folder = folder.display())]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Chance(getrandom::Error),

    /// The system gives no threads.
    #[error("cannot start the server's threads")]
    Threads(#[source] io::Error),
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    observer: Observer,
    stop: Arc<watch::Sender<bool>>,
    folder: Arc<CacheFolder>,
}

/// Stops a server, from any thread and as often as one likes.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// No new request is accepted; running answers end within [`ServeLimits::grace_time`](crate::ServeLimits::grace_time).
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Takes the address and makes ready.
    ///
    /// # Errors
    /// An address that others can reach without a token, one that is taken, or a cache folder that
    /// cannot be made.
    pub fn bind(
        settings: ServeSettings,
        library: Arc<dyn Library>,
        observer: Observer,
    ) -> Result<Self, ServeError> {
        let ServeSettings { address, token, cache_folder, frame_tables, limits } = settings;
        let is_loopback = address.ip().is_loopback();
        if !is_loopback && token.is_none() {
            return Err(ServeError::TokenNeeded { address });
        }
        let bind = |source| ServeError::Bind { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        bound_send_buffer(&listener).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;

        let folder = match cache_folder {
            Some(folder) => CacheFolder::chosen(folder),
            None => {
                let parent = std::env::temp_dir();
                let made = CacheFolder::temporary(&parent);
                made.map_err(|source| ServeError::Cache { folder: parent, source })?
            }
        };
        let folder = Arc::new(folder);
        let cache = |name: &'static str, bytes| {
            let made = FileCache::create(Arc::clone(&folder), name, bytes);
            made.map_err(|source| ServeError::Cache { folder: name.into(), source })
        };
        let long = |places| Workers::new(places, limits.waiting_long, limits.request_time);
        let state = State {
            library,
            is_loopback,
            token,
            session: Session::draw(address.port()).map_err(ServeError::Chance)?,
            readers: Workers::new(LOOK_UPS.0, LOOK_UPS.1, limits.request_time),
            workers: Workers::new(limits.work, limits.waiting_work, limits.request_time),
            proxy_workers: Workers::new(limits.proxies, limits.waiting_proxies, limits.proxy_time),
            refining_workers: long(limits.refining),
            picture_workers: long(limits.picture_questions),
            bodies: Bodies::new(&limits),
            reads: Arc::new(Semaphore::new(limits.reads.max(1))),
            pictures: cache("pictures", limits.picture_cache_bytes)?,
            proxies: cache("proxies", limits.proxy_cache_bytes)?,
            frame_tables,
            limits,
        };
        let (state, stop) = (Arc::new(state), Arc::new(watch::channel(false).0));
        Ok(Self { listener, address, state, observer, stop, folder })
    }

    /// Where it listens, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends [`Server::run`].
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Answers until it is stopped.
    ///
    /// # Errors
    /// A system that gives no threads.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { listener, address, state, observer, stop, folder } = self;
        let limits = &state.limits;
        let speakers = std::thread::available_parallelism().map_or(1, usize::from);
        // Every thread keeps some megabytes of what it once needed, so they are as few as can be at work.
        let long = limits.refining + limits.picture_questions;
        let blocking = LOOK_UPS.0 + limits.reads + limits.work + long + limits.proxies;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name(format!("serve-{}", address.port()))
            .worker_threads(speakers.min(MOST_SPEAKERS))
            .max_blocking_threads(blocking.max(1))
            .enable_all()
            .build();
        let runtime = runtime.map_err(ServeError::Threads)?;
        let ended = runtime.block_on(async {
            let listener = TcpListener::from_std(listener);
            let listener = listener.map_err(|source| ServeError::Bind { address, source })?;
            accept(listener, state, observer, &stop).await;
            Ok(())
        });
        // Work that blocks is not waited for: nothing is written that must be whole.
        runtime.shutdown_timeout(Duration::from_millis(100));
        folder.remove();
        ended
    }
}

/// Bounds what the system holds for each connection that comes.
fn bound_send_buffer(listener: &std::net::TcpListener) -> io::Result<()> {
    // Connections inherit it. The same socket under another name: only there it can be set.
    let socket = OwnedFd::from(listener.try_clone()?);
    TcpSocket::from_std_stream(socket.into()).set_send_buffer_size(SEND_BUFFER)
}

/// Answers what comes until it is told to stop, and for the time of grace what has begun.
async fn accept(
    listener: TcpListener,
    state: Arc<State>,
    observer: Observer,
    stop: &watch::Sender<bool>,
) {
    let limits = state.limits.clone();
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let service = TowerToHyperService::new(routes::router(state, observer));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(READ_HEAD_BYTES)
        .max_headers(HEADERS);

    let mut connections = JoinSet::new();
    let mut stopped = stop.subscribe();
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = is_stopped(&mut stopped) => break,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, or a visitor who left at once: neither ends the server.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Small answers are not held back.
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Connection::new(stream, limits.stall_time));
        let connection = http.serve_connection(stream, service.clone());
        let mut stopped = stop.subscribe();
        connections.spawn(async move {
            let _place = place;
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                () = is_stopped(&mut stopped) => connection.as_mut().graceful_shutdown(),
            }
            // What went wrong on a connection concerns its other side alone.
            let _ = connection.await;
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits.grace_time, all).await;
}

/// Ends when the server is to stop.
async fn is_stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can stop it any more.
    if stop.wait_for(|&stop| stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
