//! What a request says in its address and its body. What is wrong there is told in words that name it and
//! say what is expected.

use std::error::Error;

use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::bodies::{Bodies, Place};
use crate::echo::{MOST_SECONDS, TOO_MANY_SECONDS, cut_after, shortened};
use crate::object::Object;
use crate::problem::Problem;
use crate::settings::ServeLimits;

/// What varies in the path of an address.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(read) = Path::from_request_parts(parts, state).await.map_err(|_| {
            Problem::bad("the path of the address cannot be read: behind each `%` stand the figures of UTF-8")
        })?;
        Ok(Self(read))
    }
}

/// Letters of what a parser says that are passed on.
const MOST_PARSED: usize = 400;

/// What stands behind the `?` of an address.
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

impl Parameters {
    pub(crate) fn of(address: &Uri) -> Result<Self, Problem> {
        let read = Query::try_from_uri(address);
        read.map(|Query(pairs)| Self(pairs)).map_err(|_| {
            Problem::bad("what stands behind the `?` of the address cannot be read; write `name=value&name=value`")
        })
    }

    /// Refuses any that is none of these.
    pub(crate) fn check_names(&self, known: &[&str]) -> Result<(), Problem> {
        let Some((name, _)) = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()))
        else {
            return Ok(());
        };
        let takes = match known {
            [] => "nothing behind the `?`".to_owned(),
            known => format!("`{}`", known.join("`, `")),
        };
        Err(Problem::bad(format!("this address takes no `{}`; it takes {takes}", shortened(name))))
    }

    /// A text; none where it is not given.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut given =
            self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (given.next(), given.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => {
                Err(Problem::bad(format!("`{name}` is given several times; give it once")))
            }
        }
    }

    /// A number of seconds that must be given.
    pub(crate) fn seconds(&self, name: &str) -> Result<f64, Problem> {
        let missing = || {
            Problem::bad(format!(
                "`{name}` is missing; give a number of seconds, as in `?{name}=2.5`"
            ))
        };
        self.seconds_if_given(name)?.ok_or_else(missing)
    }

    /// A number of seconds; none where it is not given.
    pub(crate) fn seconds_if_given(&self, name: &str) -> Result<Option<f64>, Problem> {
        let read = |text: &str| {
            let given = shortened(text);
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            let wrong =
                || format!("`{name}` is {given:?}; it must be a number of seconds, such as 2.5");
            let number = number.ok_or_else(|| Problem::bad(wrong()))?;
            if number.abs() > MOST_SECONDS {
                return Err(Problem::bad(format!("`{name}` is {given}; {TOO_MANY_SECONDS}")));
            }
            Ok(number)
        };
        self.text(name)?.map(read).transpose()
    }

    /// A count; none where it is not given.
    pub(crate) fn count_if_given(&self, name: &str) -> Result<Option<usize>, Problem> {
        let read = |text: &str| {
            let given = shortened(text);
            let wrong = || format!("`{name}` is {given:?}; it must be a whole number, such as 20");
            text.parse().map_err(|_| Problem::bad(wrong()))
        };
        self.text(name)?.map(read).transpose()
    }
}

/// What a body says. A large one keeps its place as long as this is kept, because what was read is as large.
pub(crate) struct Held<T> {
    read: T,
    _place: Place,
}

impl<T> std::ops::Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.read
    }
}

/// The body of a request, which must say that it is JSON: a page of another site cannot send that
/// without being asked.
pub(crate) async fn read_json<T: DeserializeOwned>(
    limits: &ServeLimits,
    bodies: &Bodies,
    request: Request,
) -> Result<Held<T>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
    });
    if !is_json {
        let message = "send JSON, with `content-type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let most = limits.body_bytes;
    let too_large = || {
        let message = format!("the body has more than {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    // What is announced as too large is not waited for.
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if length.is_some_and(|length| length.parse().is_ok_and(|length: u64| length > most as u64)) {
        return Err(too_large());
    }
    let mut pieces = request.into_body().into_data_stream();
    let mut body = bodies.begin();
    let end = tokio::time::Instant::now() + limits.request_time;
    loop {
        let piece = tokio::time::timeout_at(end, pieces.next()).await;
        let Some(piece) = piece.map_err(|_| too_late())? else { break };
        let piece = piece.map_err(|error| broken_body(&error))?;
        if body.bytes.len() + piece.len() > most {
            return Err(too_large());
        }
        body.push(&piece)?;
    }
    let whole = tokio::time::timeout(limits.request_time, body.whole()).await;
    let (bytes, place) = whole.map_err(|_| Problem::busy())??;
    Ok(Held { read: parsed(&bytes)?, _place: place })
}

fn too_late() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body of the request did not come in time")
}

/// A body that does not come to its end.
fn broken_body(error: &axum::Error) -> Problem {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let is_cut = causes.any(|cause| {
        let of_line = cause.downcast_ref().map(std::io::Error::kind);
        let of_http = cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message);
        of_http || of_line == Some(std::io::ErrorKind::UnexpectedEof)
    });
    Problem::bad(match is_cut {
        true => "the body ends before it is whole",
        false => "the lengths in the body are wrong",
    })
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::bad("the body is empty; send a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        (Some(place).filter(|place| place != "."), error.into_inner())
    });
    let read = read.and_then(|read| json.end().map(|()| read).map_err(|error| (None, error)));
    read.map(|Object(read)| read).map_err(|(place, error)| {
        let place = place.map(|place| format!("`{}`: ", shortened(&place))).unwrap_or_default();
        let what = cut_after(&plain(&error), MOST_PARSED);
        Problem::bad(format!("the body is not what is asked for here: {place}{what}"))
    })
}

/// The words of the parser without those of the language it is written in.
fn plain(error: &serde_json::Error) -> String {
    let words = [
        ("expected f32", "expected a number"),
        ("expected f64", "expected a number"),
        ("expected usize", "expected a whole number, 0 or more"),
    ];
    words.iter().fold(error.to_string(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::bodies::SMALL;
    use crate::query::Query as Asked;

    fn of(behind: &str) -> Parameters {
        let address: Uri = format!("/x?{behind}").parse().unwrap();
        Parameters(Query::try_from_uri(&address).unwrap().0)
    }

    #[test]
    fn what_is_missing_or_wrong_in_an_address_is_named() {
        assert_eq!(of("start=1&end=2.5").seconds("end"), Ok(2.5));
        let said = |behind: &str| of(behind).seconds("start").unwrap_err().message;
        assert!(said("end=3").starts_with("`start` is missing; give a number of seconds"));
        assert!(said("start=").starts_with("`start` is \"\"; it must be a number of seconds"));
        assert!(said("start=NaN").contains("`start` is \"NaN\""));
        assert_eq!(said("start=1e300"), "`start` is 1e300; no video plays for so many seconds");
        assert!(said(&format!("start={}", "9".repeat(300))).len() < 300);
        assert!(said(&"start=x".repeat(1000)).len() < 300);
        assert!(said("start=1&start=2").contains("`start` is given several times"));
        assert_eq!(of("").count_if_given("limit"), Ok(None));
        let none = of("limit=5&bogus=1").check_names(&["after", "limit"]).unwrap_err().message;
        assert_eq!(none, "this address takes no `bogus`; it takes `after`, `limit`");
        assert!(of("x").check_names(&[]).unwrap_err().message.ends_with("nothing behind the `?`"));
        assert_eq!(of("limit=5&limit=6").check_names(&["limit"]), Ok(()));
        assert!(
            of("limit=-1").count_if_given("limit").unwrap_err().message.contains("whole number")
        );
    }

    /// A request whose body comes in these pieces, and then no further.
    fn request(pieces: Vec<String>, ends: bool) -> Request {
        let pieces = futures_util::stream::iter(pieces).map(Ok::<_, std::io::Error>);
        let rest = futures_util::stream::pending().take(usize::from(!ends));
        let request = Request::builder().header(header::CONTENT_TYPE, "application/json");
        request.body(axum::body::Body::from_stream(pieces.chain(rest))).unwrap()
    }

    fn whole(letters: usize) -> Request {
        request(vec![format!("{{\"text\": \"{}\"}}", "a".repeat(letters))], true)
    }

    #[tokio::test]
    async fn a_large_body_waits_for_a_place_and_a_small_one_does_not() {
        let limits = ServeLimits { large_bodies: 1, ..ServeLimits::default() };
        let bodies = Bodies::new(&limits);
        // These bodies are there already, so what is not read at once waits for a place.
        let read = |letters| read_json::<Asked>(&limits, &bodies, whole(letters)).now_or_never();
        let large = SMALL + 1;
        let first = read(large).unwrap().unwrap();
        assert_eq!(first.text.len(), large);
        assert!(read(large).is_none());
        assert!(read(100).unwrap().is_ok());
        drop(first);
        assert!(read(large).unwrap().is_ok());
        assert_eq!(read(limits.body_bytes).unwrap().err().unwrap().status, 413);
        assert!(read(large).unwrap().is_ok());
    }

    #[tokio::test]
    async fn half_a_body_holds_no_place_and_bodies_are_bounded_together() {
        let mut limits = ServeLimits { large_bodies: 1, ..ServeLimits::default() };
        limits.bodies_bytes = 256 << 10;
        let bodies = Bodies::new(&limits);
        let half = || request(vec!["{".to_owned() + &" ".repeat(SMALL + (100 << 10))], false);
        let mut halves =
            [half(), half()].map(|half| Box::pin(read_json::<Asked>(&limits, &bodies, half)));
        assert!(halves.iter_mut().all(|half| half.now_or_never().is_none()));
        let read = |letters| read_json::<Asked>(&limits, &bodies, whole(letters)).now_or_never();
        assert!(read(SMALL + 1).unwrap().is_ok());
        assert_eq!(read(SMALL + (80 << 10)).unwrap().err().unwrap(), Problem::busy());
        drop(halves);
        assert!(read(SMALL + (80 << 10)).unwrap().is_ok());
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named() {
        let said = |body: &str| parsed::<Asked>(body.as_bytes()).unwrap_err().message;
        assert!(said("").contains("empty"));
        assert!(
            said(r#"{"longer_s": "x"}"#)
                .contains("`longer_s`: invalid type: string \"x\", expected a number")
        );
        assert!(said(r#"{"like": {"media": "a"}}"#).contains("`like`: missing field `at_s`"));
        assert!(said("[]{").contains("the body is not what is asked for here"));
        assert!(said("{} {}").contains("trailing"));
        assert!(said(&format!("{{\"{}\": 1}}", "a".repeat(10_000))).len() < 700);
        // The values of an object in a list are no object.
        assert!(said(r#"["red"]"#).contains("invalid type: sequence, expected an object"));
        assert!(
            said(r#"{"like": ["video-0", 1.0]}"#)
                .contains("`like`: invalid type: sequence, expected an object")
        );
        assert!(parsed::<Asked>(br#"{"like": {"media": "a", "at_s": 1}}"#).is_ok());
        assert!(parsed::<Asked>(br#"{"text": "a", "like": null}"#).is_ok());
        assert!(parsed::<Asked>(br#"{"text": "a"}"#).is_ok());
    }
}
