//! The time after which a database gives a question up.
//!
//! A connection is lent to one question at a time, so one that takes minutes would stand in the way of all others.

use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ffi};

/// Steps of the database's machine between two looks at the clock: some hundred microseconds.
const STEPS: c_int = 10_000;

/// As long as it lives, what the connection does ends with [`rusqlite::ErrorCode::OperationInterrupted`] when its time is over.
pub(super) struct Deadline<'c> {
    connection: &'c Connection,
    /// In a place of its own, which the database is told.
    _until: Box<Instant>,
}

impl<'c> Deadline<'c> {
    pub(super) fn after(connection: &'c Connection, time: Duration) -> Self {
        let until = Box::new(Instant::now() + time);
        let told: *const Instant = &raw const *until;
        // SAFETY: the connection is open, and used by this thread alone. The moment lies where it is told until the
        // handler is taken off.
        unsafe {
            let told = told.cast_mut().cast();
            ffi::sqlite3_progress_handler(connection.handle(), STEPS, Some(is_over), told);
        }
        Self { connection, _until: until }
    }
}

impl Drop for Deadline<'_> {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe {
            let none = std::ptr::null_mut();
            ffi::sqlite3_progress_handler(self.connection.handle(), 0, None, none);
        }
    }
}

/// # Safety
/// `until` is the moment of a [`Deadline`] that lives.
unsafe extern "C" fn is_over(until: *mut c_void) -> c_int {
    // SAFETY: as above.
    (Instant::now() >= unsafe { *until.cast::<Instant>() }).into()
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    /// Ends only when it is interrupted.
    const ENDLESS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n)
                           SELECT count(*) FROM n";

    #[test]
    fn a_question_ends_when_its_time_is_over_and_the_next_one_has_its_own() {
        let connection = Connection::open_in_memory().unwrap();
        let ask = |question: &str| connection.query_row(question, [], |row| row.get::<_, i64>(0));
        let deadline = Deadline::after(&connection, Duration::ZERO);
        let error = ask(ENDLESS).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
        drop(deadline);
        // More than the steps between two looks.
        let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000)
                    SELECT count(*) FROM n";
        assert_eq!(ask(many), Ok(50_000));
        let _deadline = Deadline::after(&connection, Duration::from_secs(3600));
        assert_eq!(ask(many), Ok(50_000));
    }
}
