//! What the server says when it does not do what it was asked.

use std::error::Error;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use locvtp_video::causes::with_causes;
use schemars::JsonSchema;
use serde::Serialize;

use crate::library::LibraryError;

/// A refusal or a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
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
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), cause: None }
    }

    /// The server itself failed.
    pub(crate) fn failed(message: impl Into<String>, cause: &dyn Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).because(cause)
    }

    /// The same, with what went wrong beneath.
    pub(crate) fn because(self, cause: &dyn Error) -> Self {
        Self { cause: Some(with_causes(cause)), ..self }
    }

    /// The question is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// There is no such thing.
    pub(crate) fn not_there(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Too much is going on.
    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests are waiting; ask again in a moment",
        )
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
        let problem = Self::new(status, error.to_string());
        match error.source() {
            Some(cause) => problem.because(cause),
            None => problem,
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
        let body = ProblemBody { status: self.status.as_u16(), message: self.message.clone() };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let Self { message, cause, .. } = self;
        response.extensions_mut().insert(ProblemSaid { message, cause });
        response
    }
}
