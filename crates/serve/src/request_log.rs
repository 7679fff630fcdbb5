//! One line of the log for every request.

use std::sync::Arc;

use serde::Serialize;

use crate::figures;

/// Is told of every request when the head of its answer is known. Called from the server's threads:
/// it must not block for long.
pub type Observer = Arc<dyn Fn(&RequestLog) + Send + Sync>;

/// A request and its answer. Queries, tokens and cookies are not in it: what somebody looks for is
/// nobody else's business.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestLog {
    /// When it came, in seconds since 1970 in UTC.
    pub unix_s: f64,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path of the address, without what stands behind `?`.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the answer's body, as announced; none where they are not known.
    pub body_bytes: Option<u64>,
    /// From the head of the request to the head of the answer, in milliseconds.
    #[serde(serialize_with = "figures::milliseconds")]
    pub took_ms: f64,
    /// Why it was refused or failed, in the words of the answer.
    pub problem: Option<String>,
    /// What went wrong beneath, which the answer does not say: it may name paths.
    pub cause: Option<String>,
}
