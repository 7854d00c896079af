//! What accounts refuse.

/// An account's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// It signs in at the host platform and has no password here.
    #[error("this account signs in at the host platform and has no password here")]
    SignsInElsewhere,
    /// Only approved creators may.
    #[error("only approved creators may do this; ask to become one first")]
    NotACreator,
    /// An administrator has suspended this creator.
    #[error("this creator is suspended")]
    CreatorSuspended,
}

/// A token of the host platform was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No host platform is configured.
    #[error("tokens of a host platform are not accepted here")]
    NotConfigured,
    /// Its time has run out.
    #[error("the token has expired")]
    Expired,
    /// Signature, algorithm, audience, issuer or shape are not right.
    #[error("the token is not valid")]
    Invalid,
    /// The keys to check it with cannot be had right now.
    #[error("the token cannot be checked right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
