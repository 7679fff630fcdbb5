//! The server: connections to it, and transactions.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::{Client, IsolationLevel, Transaction};

use super::address::ServerAddress;
use super::fault::{Fault, said_by};
use super::setup;
use super::tls::connector;
use crate::catalogue::Access;
use crate::catalogue::error::CatalogueError;
use crate::catalogue::server_trouble::ServerTrouble;

/// Connections that are kept for the next question.
const MOST_IDLE: usize = 4;

/// How often a question begins anew because a writer dropped a table meanwhile, or the line was lost.
const TRIES: usize = 20;

/// The number of the lock that a writer holds; the server takes it back when its session ends, however
/// it ends.
const WRITER_LOCK: i64 = 0x6c6f_6376_7470;

/// A server that has been found fit.
pub(super) struct Server {
    address: ServerAddress,
    /// The session that holds the lock.
    writer: Option<Mutex<Client>>,
    idle: Mutex<Vec<Client>>,
    /// Whether the catalogue was of an older version when it was opened to be read.
    was_older: bool,
}

impl Server {
    /// Connects, checks the server, and makes the catalogue where there is none and `access` allows it.
    pub(super) fn open(address: &ServerAddress, access: Access) -> Result<Self, CatalogueError> {
        let place = address.to_string();
        let mut client = connect(address)?;
        let told = |fault: Fault| fault.tell(&place, "being opened");
        setup::check(&mut client, &place).map_err(told)?;
        let mut was_older = false;
        let (writer, idle) = match access {
            Access::Read => {
                setup::check_there(&mut client, &place).map_err(told)?;
                was_older = setup::read_as_of_today(&mut client).map_err(told)?;
                (None, vec![client])
            }
            Access::Write { wait } => {
                setup::make_extension(&mut client, &place).map_err(told)?;
                take_lock(&mut client, &place, wait).map_err(told)?;
                setup::migrate(&mut client, &place).map_err(told)?;
                (Some(Mutex::new(client)), Vec::new())
            }
        };
        Ok(Self { address: address.clone(), writer, idle: Mutex::new(idle), was_older })
    }

    pub(super) fn is_writer(&self) -> bool {
        self.writer.is_some()
    }

    pub(super) fn place(&self) -> String {
        self.address.to_string()
    }

    /// Reads in one transaction: everything is of one moment. Several threads read at once. A session
    /// that was lost since the last question is opened again.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        mut read: impl FnMut(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        let mut tries = 0;
        loop {
            let kept = lock(&self.idle).pop().filter(|client| !client.is_closed());
            let was_kept = kept.is_some();
            let mut client = match kept {
                Some(client) => client,
                None => self.session()?,
            };
            let looked = self.look_at_version(&mut client);
            match looked.and_then(|()| read_once(&mut client, &mut read)) {
                Ok(done) => {
                    let mut idle = lock(&self.idle);
                    if idle.len() < MOST_IDLE {
                        idle.push(client);
                    }
                    return Ok(done);
                }
                Err(fault) if fault.is_of_dropped_table() && tries < TRIES => {}
                Err(fault) if fault.is_lost() && was_kept && tries < TRIES => {}
                Err(fault) => return Err(fault.tell(&self.place(), doing)),
            }
            tries += 1;
        }
    }

    /// Changes something, whole or not at all; it is on the server's disk afterwards. A session that was
    /// lost is not opened again: another program may have written meanwhile.
    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        self.as_writer(doing, |client| {
            let mut transaction = client.transaction()?;
            let done = write(&mut transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    /// Does what cannot stand in a transaction.
    pub(super) fn as_writer<T>(
        &self,
        doing: &'static str,
        write: impl FnOnce(&mut Client) -> Result<T, Fault>,
    ) -> Result<T, CatalogueError> {
        let Some(writer) = &self.writer else {
            return Err(CatalogueError::ReadOnly { place: self.place() });
        };
        write(&mut lock(writer)).map_err(|fault| fault.tell(&self.place(), doing))
    }

    /// A writer may bring an older catalogue to today's version at any time.
    fn look_at_version(&self, client: &mut Client) -> Result<(), Fault> {
        match self.was_older {
            true => setup::read_as_of_today(client).map(drop),
            false => Ok(()),
        }
    }

    fn session(&self) -> Result<Client, CatalogueError> {
        let mut client = connect(&self.address)?;
        let place = self.place();
        // The server may be another than before.
        setup::check(&mut client, &place).map_err(|fault| fault.tell(&place, "being opened"))?;
        Ok(client)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let sessions = (self.writer.take(), std::mem::take(&mut self.idle));
        // Closing waits, which is not allowed in the threads of an asynchronous program.
        let _ = std::thread::spawn(move || drop(sessions)).join();
    }
}

fn read_once<T>(
    client: &mut Client,
    read: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let builder = client.build_transaction().read_only(true);
    let mut transaction = builder.isolation_level(IsolationLevel::RepeatableRead).start()?;
    let done = read(&mut transaction)?;
    transaction.commit()?;
    Ok(done)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A transaction that was dropped in a panic was rolled back.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(address: &ServerAddress) -> Result<Client, CatalogueError> {
    let place = || address.to_string();
    let tls = connector(&address.encryption).map_err(|said| {
        let trouble = ServerTrouble::NoAuthorities;
        CatalogueError::Unreachable { place: place(), trouble, said }
    })?;
    address.config.connect(tls).map_err(|error| {
        let (trouble, said) = (ServerTrouble::of_connecting(&error), said_by(&error));
        CatalogueError::Unreachable { place: place(), trouble, said }
    })
}

fn take_lock(client: &mut Client, place: &str, wait: Duration) -> Result<(), Fault> {
    let began = Instant::now();
    while !client.query_one("SELECT pg_try_advisory_lock($1)", &[&WRITER_LOCK])?.get::<_, bool>(0) {
        if began.elapsed() >= wait {
            let place = place.to_owned();
            return Err(CatalogueError::Busy { place, writer: holder(client)? }.into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Who holds the lock, as far as this user may know.
fn holder(client: &mut Client) -> Result<String, Fault> {
    let found = client.query_opt(
        "SELECT nullif(application_name, ''), host(client_addr) FROM pg_locks
         JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND granted AND objsubid = 1
             AND (classid::bigint << 32) + objid::bigint = $1
             AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        &[&WRITER_LOCK],
    )?;
    let (name, machine): (Option<String>, Option<String>) =
        found.map_or((None, None), |row| (row.get(0), row.get(1)));
    let name = name.unwrap_or_else(|| "another session".into());
    Ok(machine.map_or(name.clone(), |machine| format!("{name}, from {machine}")))
}
