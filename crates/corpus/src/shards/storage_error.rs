//! What a server or bucket said is told in one line, with the way out.

use super::wary_client::Refused;
use crate::error::CorpusError;

/// Characters that are told of what a server says.
const LONGEST_REASON: usize = 300;

/// The error of an object at an address: what the server said, and the way out.
pub(super) fn storage_error(address: String, source: object_store::Error) -> CorpusError {
    use object_store::Error::*;
    let (cause, no_answer) = root_cause(&source);
    let (reason, code) = said(&cause);
    let refused = Refused::within(&source);
    // Where the credentials of a machine in Amazon's cloud would come from.
    let no_credentials = source.to_string().contains("169.254.169.254");
    let way_out = match &source {
        _ if refused.is_some() => refused.map_or("", Refused::way_out),
        _ if no_credentials => {
            "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
             AWS_SKIP_SIGNATURE=true for a public bucket"
        }
        _ if code == "NoSuchBucket" => {
            "check the bucket's name, and AWS_ENDPOINT for a store of your own"
        }
        NotFound { .. } => "it is not there; check the address, and the last number of a pattern",
        PermissionDenied { .. } | Unauthenticated { .. } => {
            "the server refuses access; check the AWS_* variables, or whether it must be public"
        }
        InvalidPath { .. } => "the address cannot be understood",
        _ if no_answer => "check the address, that the server runs, and the network",
        _ => {
            "the server does not answer as it should, also when asked again; try later, or raise \
             corpus.shards.retry_s"
        }
    };
    let reason = if code.is_empty() { reason.to_owned() } else { format!("{reason} {code}") };
    CorpusError::Storage { address, reason: tellable(&reason), way_out }
}

/// What a server said, in one line of bounded length that moves no cursor.
fn tellable(reason: &str) -> String {
    let mut told: String = reason.chars().take(LONGEST_REASON).collect();
    if told.len() < reason.len() {
        told.push('…');
    }
    told.replace(|c: char| c.is_control(), "?")
}

/// The innermost cause, and whether it is that no connection came about.
pub(super) fn root_cause(error: &object_store::Error) -> (String, bool) {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let no_connection = cause.downcast_ref::<std::io::Error>().is_some_and(|error| {
        use std::io::ErrorKind::*;
        // These come when there was a connection.
        !matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
    });
    (cause.to_string(), no_connection)
}

/// What a server said without the document that came with it; and the code that S3 puts into that.
fn said(cause: &str) -> (&str, &str) {
    let (reason, document) = cause.split_at(cause.find(['<', '\n']).unwrap_or(cause.len()));
    let code = document.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (reason.trim_end_matches([' ', ':']), code.map_or("", |(code, _)| code))
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_servers_answer_the_code_is_told_and_not_the_document() {
        let answer = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n\
                      <Error><Code>NoSuchBucket</Code><Message>none</Message></Error>";
        let reason = "Server returned non-2xx status code: 404 Not Found";
        assert_eq!(said(answer), (reason, "NoSuchBucket"));
        assert_eq!(said("Connection refused (os error 111)").1, "");
        assert_eq!(said("502 Bad Gateway: <html>\nproxy"), ("502 Bad Gateway", ""));
    }

    #[test]
    fn what_a_server_says_is_told_in_one_short_line() {
        assert_eq!(tellable("500 Internal Server Error"), "500 Internal Server Error");
        assert_eq!(tellable("red \u{1b}[31m\rtext"), "red ?[31m?text");
        assert_eq!(tellable(&"é".repeat(1000)).chars().count(), LONGEST_REASON + 1);
    }
}
