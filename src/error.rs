//! Everything that can go wrong, each with a stable code.

use core::fmt;

/// Says what went wrong, as a code that never changes.
///
/// What a stranger's cookie can cause is never an error: it is a request
/// without a session. No error carries a secret, an id, a key or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An option or an argument is refused.
    InvalidOptions,
    /// A value was asked for before the session was loaded.
    NotLoaded,
    /// There is no session to act on.
    NoSession,
    /// The session was loaded to be read only.
    ReadOnly,
    /// The answer has left already.
    ResponseStarted,
    /// A value would not come back equal.
    ValueNotSerializable,
    /// The record is longer than `maxRecordBytes`.
    RecordTooLarge,
    /// The cookie is longer than a browser keeps.
    CookieTooLarge,
    /// The time for a load or a commit is over.
    Timeout,
    /// The store does not answer.
    StoreUnavailable,
    /// The store refuses the credentials.
    StoreAuth,
    /// The store asks to slow down.
    StoreThrottled,
    /// The store is full.
    StoreQuota,
    /// The store answers what its protocol does not allow.
    StoreProtocol,
    /// The store refuses the call.
    StoreRejected,
    /// The record cannot be decoded; it is kept as it is.
    RecordCorrupt,
    /// The record is of a version that this one does not know.
    RecordUnsupported,
    /// Other writers came first until the time was over.
    Conflict,
    /// The session was ended by another request.
    Destroyed,
    /// It is not known whether the commit was stored.
    CommitAmbiguous,
    /// The core itself failed.
    CoreFailed,
}

impl Error {
    /// Gives the stable code, the same in Rust and in JavaScript.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidOptions => "invalid-options",
            Self::NotLoaded => "not-loaded",
            Self::NoSession => "no-session",
            Self::ReadOnly => "read-only",
            Self::ResponseStarted => "response-started",
            Self::ValueNotSerializable => "value-not-serializable",
            Self::RecordTooLarge => "record-too-large",
            Self::CookieTooLarge => "cookie-too-large",
            Self::Timeout => "timeout",
            Self::StoreUnavailable => "store-unavailable",
            Self::StoreAuth => "store-auth",
            Self::StoreThrottled => "store-throttled",
            Self::StoreQuota => "store-quota",
            Self::StoreProtocol => "store-protocol",
            Self::StoreRejected => "store-rejected",
            Self::RecordCorrupt => "record-corrupt",
            Self::RecordUnsupported => "record-unsupported",
            Self::Conflict => "conflict",
            Self::Destroyed => "destroyed",
            Self::CommitAmbiguous => "commit-ambiguous",
            Self::CoreFailed => "core-failed",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("session: ")?;
        formatter.write_str(self.code())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Error;

    const ALL: [(Error, &str); 21] = [
        (Error::InvalidOptions, "invalid-options"),
        (Error::NotLoaded, "not-loaded"),
        (Error::NoSession, "no-session"),
        (Error::ReadOnly, "read-only"),
        (Error::ResponseStarted, "response-started"),
        (Error::ValueNotSerializable, "value-not-serializable"),
        (Error::RecordTooLarge, "record-too-large"),
        (Error::CookieTooLarge, "cookie-too-large"),
        (Error::Timeout, "timeout"),
        (Error::StoreUnavailable, "store-unavailable"),
        (Error::StoreAuth, "store-auth"),
        (Error::StoreThrottled, "store-throttled"),
        (Error::StoreQuota, "store-quota"),
        (Error::StoreProtocol, "store-protocol"),
        (Error::StoreRejected, "store-rejected"),
        (Error::RecordCorrupt, "record-corrupt"),
        (Error::RecordUnsupported, "record-unsupported"),
        (Error::Conflict, "conflict"),
        (Error::Destroyed, "destroyed"),
        (Error::CommitAmbiguous, "commit-ambiguous"),
        (Error::CoreFailed, "core-failed"),
    ];

    #[test]
    fn every_code_is_frozen() {
        for (error, code) in ALL {
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn no_two_errors_share_a_code() {
        for (at, (error, _)) in ALL.iter().enumerate() {
            let same = ALL.iter().filter(|(other, _)| other.code() == error.code());
            assert_eq!(same.count(), 1, "{at}");
        }
    }

    #[test]
    fn an_error_shows_its_code() {
        assert_eq!(Error::NotLoaded.to_string(), "session: not-loaded");
    }
}
