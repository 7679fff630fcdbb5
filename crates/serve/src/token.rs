//! The word that a visitor must know, and the cookie that stands for it.
//!
//! The page sends the token with every request that it makes itself. A `<video>` and an `<img>` cannot
//! send one, so the page trades it for a cookie: random bytes of this server's life, which say nothing
//! of the token, are not readable by scripts and are not sent by other sites' pages. Both are compared
//! in a time that does not depend on where they differ.

use std::fmt;

use subtle::ConstantTimeEq;

/// Letters of a token at least.
const FEWEST_LETTERS: usize = 16;

/// How the name of the cookie begins; behind it stands the port, because a browser sends the cookies of a host to
/// all of its ports.
const COOKIE: &str = "locvtp_session_";

/// The word that a visitor must know.
#[derive(Clone)]
pub struct Token(String);

/// A text that is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is easy to guess.
    #[error(
        "the token has {found} letters; it needs at least 16: `openssl rand -hex 16` makes a good one"
    )]
    TooShort {
        /// Its letters.
        found: usize,
    },
    /// It is of several words, or lines.
    #[error("the token has a blank in it; use letters and digits")]
    Blank,
    /// It cannot be sent in a header.
    #[error("the token has a letter outside ASCII in it; use letters and digits")]
    OutsideAscii,
}

impl Token {
    /// A token; blanks and line ends around it do not count.
    ///
    /// # Errors
    /// Fewer than 16 letters, or letters other than printable ASCII without blanks.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        match text.chars().find(|sign| !sign.is_ascii_graphic()) {
            Some(sign) if sign.is_whitespace() => return Err(TokenError::Blank),
            Some(_) => return Err(TokenError::OutsideAscii),
            None => {}
        }
        if text.len() < FEWEST_LETTERS {
            return Err(TokenError::TooShort { found: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the visitor knows it.
    pub(crate) fn is(&self, said: &str) -> bool {
        self.0.as_bytes().ct_eq(said.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The cookie of one server's life.
pub(crate) struct Session {
    name: String,
    value: String,
}

impl Session {
    /// Drawn anew, for the server at this port.
    pub(crate) fn draw(port: u16) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let value = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { name: format!("{COOKIE}{port}"), value })
    }

    /// Whether one of the cookies of a request is this one.
    pub(crate) fn is_among(&self, cookies: &str) -> bool {
        let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let ours = pairs.filter(|(name, _)| *name == self.name);
        ours.map(|(_, value)| value)
            .any(|value| self.value.as_bytes().ct_eq(value.as_bytes()).into())
    }

    /// The header that gives the cookie to a browser, until it is closed.
    pub(crate) fn set_cookie(&self) -> String {
        let Self { name, value } = self;
        format!("{name}={value}; Path=/api/v1/; HttpOnly; SameSite=Strict")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_can_be_sent_in_a_header() {
        assert!(Token::new("0123456789abcdef\n").unwrap().is("0123456789abcdef"));
        assert_eq!(Token::new("short").unwrap_err(), TokenError::TooShort { found: 5 });
        assert_eq!(Token::new("0123456789 abcdef").unwrap_err(), TokenError::Blank);
        assert_eq!(Token::new("0123456789äabcdef").unwrap_err(), TokenError::OutsideAscii);
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let session = Session::draw(8765).unwrap();
        let pair = session.set_cookie().split(';').next().unwrap().to_owned();
        assert!(session.is_among(&format!("a=b; {pair}; c=d")));
        assert!(!session.is_among("a=b; locvtp_session_8765=0"));
        assert!(!session.is_among(&pair.replace('=', "x=")));
        // Of another server on this host.
        let other = Session::draw(8766).unwrap().set_cookie();
        assert_ne!(other.split('=').next(), pair.split('=').next());
    }
}
