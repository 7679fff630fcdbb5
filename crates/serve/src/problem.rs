//! What the server says when it does not do what it was asked.

use std::borrow::Cow;
use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use locvtp_video::causes::with_causes;
use schemars::JsonSchema;
use serde::Serialize;

use crate::echo::cut_after;
use crate::library::LibraryError;

/// Letters of what an index says that are passed on.
const MOST_WORDS: usize = 1000;

/// A refusal or a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Words of the program, or ones that were put together and may hold what was asked for.
    pub(crate) message: Cow<'static, str>,
    /// What went wrong beneath, for the log alone: it may name paths of this machine.
    pub(crate) cause: Option<String>,
}

/// How it is written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemBody {
    /// The status of the answer, again.
    pub(crate) status: u16,
    /// What is wrong and what to do, in a sentence.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), cause: None }
    }

    /// The server itself failed.
    pub(crate) fn failed(message: impl Into<Cow<'static, str>>, cause: &dyn Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).because(cause)
    }

    /// The same, with what went wrong beneath.
    pub(crate) fn because(self, cause: &dyn Error) -> Self {
        Self { cause: Some(with_causes(cause)), ..self }
    }

    /// The question is wrong.
    pub(crate) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(crate) fn not_there(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Too much is going on.
    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests are waiting; ask again in a moment",
        )
    }

    /// A fault of the program.
    pub(crate) fn mistake() -> Self {
        let words = "the server made a mistake; its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, words)
    }

    /// It takes too long.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "this took too long and was given up")
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        let status = match &error {
            LibraryError::Refused(_) => StatusCode::BAD_REQUEST,
            LibraryError::NotThere(..) => StatusCode::NOT_FOUND,
            LibraryError::NotNow(..) => StatusCode::SERVICE_UNAVAILABLE,
            LibraryError::Failed(..) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let problem = Self::new(status, cut_after(&error.to_string(), MOST_WORDS));
        match error.source() {
            Some(cause) => problem.because(cause),
            None => problem,
        }
    }
}

impl Problem {
    /// What the log says of it: what somebody looks for is nobody else's business, so words that were put together for
    /// a refusal are not told, only of which kind it is.
    fn for_log(&self) -> String {
        match &self.message {
            Cow::Owned(_) if self.status.is_client_error() => {
                self.status.canonical_reason().unwrap_or_default().to_lowercase()
            }
            words => words.to_string(),
        }
    }
}

/// Put into an answer for the log.
#[derive(Clone, Debug)]
pub(crate) struct ProblemSaid {
    pub(crate) message: String,
    pub(crate) cause: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody { status: self.status.as_u16(), message: self.message.to_string() };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let message = self.for_log();
        response.extensions_mut().insert(ProblemSaid { message, cause: self.cause });
        response
    }
}
