//! One line of the log for every request.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use serde::Serialize;

use crate::echo::cut_after;
use crate::figures;
use crate::problem::ProblemSaid;

/// Letters of a path that are noted.
const MOST_PATH: usize = 500;
/// The status of a request whose asker went away: no answer has it, and nginx notes the same.
const ASKER_LEFT: u16 = 499;

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
    /// The path of the address, without what stands behind `?`: its first 500 letters.
    pub path: String,
    /// The status of the answer; 499 where the asker went away before it began.
    pub status: u16,
    /// Bytes of the answer's body, as announced; none where they are not known.
    pub body_bytes: Option<u64>,
    /// From the head of the request to the head of the answer, in milliseconds.
    #[serde(serialize_with = "figures::milliseconds")]
    pub took_ms: f64,
    /// Why it was refused or failed: in the words of the answer, or, where these may hold what was asked for, of which kind
    /// the refusal is.
    pub problem: Option<String>,
    /// What went wrong beneath, which the answer does not say: it may name paths.
    pub cause: Option<String>,
}

/// A request that has come and has no answer yet.
pub(crate) struct Noted {
    observer: Observer,
    began: Instant,
    unix_s: f64,
    method: String,
    path: String,
    is_answered: bool,
}

impl Noted {
    pub(crate) fn new(observer: Observer, request: &Request) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            observer,
            began: Instant::now(),
            unix_s: since_1970.map_or(0.0, |since| since.as_secs_f64()),
            method: cut_after(request.method().as_str(), MOST_PATH),
            path: cut_after(request.uri().path(), MOST_PATH),
            is_answered: false,
        }
    }

    pub(crate) fn answered(mut self, response: &Response) {
        let said = response.extensions().get::<ProblemSaid>();
        let length = response.headers().get(header::CONTENT_LENGTH);
        // Of what lies in memory the connection adds the length later.
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let line = RequestLog {
            body_bytes: length.or_else(|| response.body().size_hint().exact()),
            problem: said.map(|said| said.message.clone()),
            cause: said.and_then(|said| said.cause.clone()),
            ..self.line(response.status().as_u16())
        };
        (self.observer)(&line);
        self.is_answered = true;
    }

    fn line(&self, status: u16) -> RequestLog {
        RequestLog {
            unix_s: self.unix_s,
            method: self.method.clone(),
            path: self.path.clone(),
            status,
            body_bytes: None,
            took_ms: self.began.elapsed().as_secs_f64() * 1000.0,
            problem: None,
            cause: None,
        }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if !self.is_answered {
            let problem = Some("the asker went away before the answer began".into());
            (self.observer)(&RequestLog { problem, ..self.line(ASKER_LEFT) });
        }
    }
}
