//! Why a database on a server cannot be asked: the one cause that holds, and the way out of it.

use std::error::Error;
use std::io::{self, ErrorKind};

use postgres::error::SqlState;
use rustls::{CertificateError, Error as TlsError};

/// Why a server gives no answer. The words name neither an address nor a user, and what the server or the system
/// said is the source of the error around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerTrouble {
    /// Its port or socket is closed.
    #[error("nothing listens at the address; start the server, or mend host and port")]
    NothingListens,
    /// The name of its machine has no address.
    #[error(
        "no machine of that name is known here; mend the host in the address, or this machine's network"
    )]
    UnknownHost,
    /// The network says that there is no way.
    #[error("no way leads to the server's machine; mend the network between")]
    NoRoute,
    /// Nobody answered.
    #[error(
        "the server's machine did not answer in time; see that it is on and that its firewall lets this one in"
    )]
    Silent,
    /// The connection was made and ended before the server said anything.
    #[error(
        "what listens at the address ended the connection at once; see that it is PostgreSQL, and what its log says"
    )]
    EndedAtOnce,
    /// It asks for a password, and none is known.
    #[error(
        "the server asks for a password and none is known here; write it to ~/.pgpass, which nobody else may read, \
         or to PGPASSWORD"
    )]
    NoPassword,
    /// The password is not the right one.
    #[error("the server refused the password; mend it in ~/.pgpass, PGPASSWORD or the address")]
    WrongPassword,
    /// No rule of the server lets this user in from here, or it has no such user.
    #[error(
        "the server does not let this user in from here; make the user there, or add a line to its pg_hba.conf"
    )]
    NotLetIn,
    /// The user may not use this database.
    #[error("this user may not use the database; allow it there with GRANT CONNECT ON DATABASE")]
    NotAllowed,
    /// The server has no such database.
    #[error(
        "the server has no such database; mend its name in the address, or make it with `createdb -E UTF8 -T template0`"
    )]
    NoDatabase,
    /// The server, the database or the user has as many connections as it may have.
    #[error(
        "the server has as many connections as it takes; end some, or raise its max_connections"
    )]
    TooManyConnections,
    /// It is about to start, or has not finished mending itself.
    #[error("the server runs and takes no connections yet; try again in a moment")]
    NotYet,
    /// It is being shut down, or has crashed.
    #[error("the server is going down; start it again")]
    GoingDown,
    /// The address asks for encryption, and the server has none.
    #[error("the server does not encrypt; turn `ssl` on there, or take sslmode out of the address")]
    NoEncryption,
    /// Nobody known here answers for its certificate.
    #[error(
        "the authority of the server's certificate is not known here; name its file with sslrootcert"
    )]
    UnknownAuthority,
    /// The certificate has another name than the address.
    #[error(
        "the server's certificate is for another name; write the host as it stands in the certificate"
    )]
    OtherName,
    /// The certificate is too old.
    #[error("the server's certificate is out of date; renew it there")]
    Expired,
    /// No encrypted line could be agreed on.
    #[error("no encrypted line to the server could be made; see what its log says")]
    NoTls,
    /// The certificates of authorities cannot be read.
    #[error("no certificates of authorities can be read; name a file of them with sslrootcert")]
    NoAuthorities,
    /// The line was there and is gone.
    #[error(
        "the line to the server was lost while {doing}; what was reported done is there, so see that the server \
         runs and give the command again"
    )]
    LineLost {
        /// As `adding a video`.
        doing: &'static str,
    },
    /// The user may not read or change what is needed.
    #[error(
        "this user has no right to what is needed while {doing}; a superuser, or the owner of the schema `locvtp`, \
         can GRANT it"
    )]
    NoRight {
        /// As `adding a video`.
        doing: &'static str,
    },
    /// None of these.
    #[error("the server cannot be connected to; see what its log says")]
    Other,
}

impl ServerTrouble {
    /// Why a connection was not made.
    pub(super) fn of_connecting(error: &postgres::Error) -> Self {
        if let Some(code) = error.code() {
            return Self::of_code(code);
        }
        let Some(source) = error.source() else { return Self::EndedAtOnce };
        match source.to_string().as_str() {
            "password missing" => return Self::NoPassword,
            "server does not support TLS" => return Self::NoEncryption,
            _ => {}
        }
        let Some(source) = source.downcast_ref::<io::Error>() else { return Self::Other };
        match source.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(error) => Self::of_tls(error),
            None => Self::of_line(source),
        }
    }

    fn of_code(code: &SqlState) -> Self {
        match code.code() {
            "28P01" => Self::WrongPassword,
            "28000" => Self::NotLetIn,
            "42501" => Self::NotAllowed,
            "3D000" => Self::NoDatabase,
            "53300" => Self::TooManyConnections,
            "57P01" | "57P02" => Self::GoingDown,
            "57P03" => Self::NotYet,
            _ => Self::Other,
        }
    }

    fn of_tls(error: &TlsError) -> Self {
        let TlsError::InvalidCertificate(error) = error else { return Self::NoTls };
        match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            _ => Self::NoTls,
        }
    }

    fn of_line(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => Self::NothingListens,
            ErrorKind::TimedOut => Self::Silent,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Self::NoRoute,
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Self::EndedAtOnce,
            // The system gives no number for it.
            _ if error.raw_os_error().is_none() && error.to_string().contains("lookup") => {
                Self::UnknownHost
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_server_is_one_cause() {
        for (code, trouble) in [
            ("28P01", ServerTrouble::WrongPassword),
            ("28000", ServerTrouble::NotLetIn),
            ("3D000", ServerTrouble::NoDatabase),
            ("53300", ServerTrouble::TooManyConnections),
            ("57P03", ServerTrouble::NotYet),
            ("57P01", ServerTrouble::GoingDown),
            ("XX000", ServerTrouble::Other),
        ] {
            assert_eq!(ServerTrouble::of_code(&SqlState::from_code(code)), trouble, "{code}");
        }
    }

    #[test]
    fn a_failure_of_the_line_is_one_cause() {
        for (kind, trouble) in [
            (ErrorKind::ConnectionRefused, ServerTrouble::NothingListens),
            (ErrorKind::NotFound, ServerTrouble::NothingListens),
            (ErrorKind::TimedOut, ServerTrouble::Silent),
            (ErrorKind::NetworkUnreachable, ServerTrouble::NoRoute),
            (ErrorKind::UnexpectedEof, ServerTrouble::EndedAtOnce),
            (ErrorKind::PermissionDenied, ServerTrouble::Other),
        ] {
            assert_eq!(ServerTrouble::of_line(&kind.into()), trouble, "{kind}");
        }
        let lookup = io::Error::other("failed to lookup address information: Name not known");
        assert_eq!(ServerTrouble::of_line(&lookup), ServerTrouble::UnknownHost);
        let certificate = |error| ServerTrouble::of_tls(&TlsError::InvalidCertificate(error));
        assert_eq!(certificate(CertificateError::Expired), ServerTrouble::Expired);
        assert_eq!(certificate(CertificateError::NotValidForName), ServerTrouble::OtherName);
        assert_eq!(certificate(CertificateError::BadSignature), ServerTrouble::NoTls);
    }

    #[test]
    fn what_is_said_names_a_way_out() {
        for trouble in [ServerTrouble::NothingListens, ServerTrouble::Other, ServerTrouble::NoTls] {
            assert!(trouble.to_string().contains("; "), "{trouble}");
        }
    }
}
