use std::time::Duration;

use greenroom_domain::access::Denied;
use greenroom_domain::account::{AccountError, PasswordError, TokenError};
use greenroom_domain::channel::{ChannelError, KeyError};
use greenroom_domain::chat::{ChatError, CommandError, PostRefused};
use greenroom_domain::media::MediaServerError;
use greenroom_domain::recording::{RecorderError, RecordingError};
use greenroom_domain::shared::object::ObjectsError;
use greenroom_domain::shared::page::UnknownCursor;
use greenroom_domain::shared::picture::PictureError;
use greenroom_domain::shared::secret::OpenError;
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::social::SocialError;
use greenroom_domain::stream::StreamError;

/// Why a use case did not do what was asked. Nothing has changed then.
///
/// One type for all of them, so that each transport has one table that matches it
/// exhaustively and answers alike.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Name and password do not belong together.
    #[error("wrong name or password")]
    WrongCredentials,
    /// The session or token is worth nothing (any more).
    #[error("the session is not valid; sign in again")]
    NotSignedIn,
    /// The host platform's token was refused.
    #[error("the token was refused")]
    Token(#[source] TokenError),
    /// The request opened a session before, which is over: it does not come back to life.
    #[error("the session that this request opened is over; sign in with another idempotency key")]
    SessionEnded,
    /// The one-time link for the first administrator is wrong, used or expired.
    #[error("this one-time link is not valid, or has been used")]
    SetupLinkInvalid,
    /// Local accounts are made by the operator only.
    #[error("registration is closed")]
    RegistrationClosed,
    /// There is no such account.
    #[error("there is no such user")]
    NoSuchUser,
    /// There is no such channel.
    #[error("there is no such channel")]
    NoSuchChannel,
    /// There is no such stream.
    #[error("there is no such stream")]
    NoSuchStream,
    /// There is no such stream key.
    #[error("there is no such stream key")]
    NoSuchKey,
    /// There is no such recording.
    #[error("there is no such recording")]
    NoSuchRecording,
    /// The name is another's.
    #[error("this user name is taken")]
    UsernameTaken,
    /// The handle is another's.
    #[error("this handle is taken")]
    HandleTaken,
    /// A creator has one channel.
    #[error("you have a channel already")]
    ChannelExists,
    /// The channel is live with another stream.
    #[error("the channel is live with another stream")]
    AnotherStreamIsLive,
    /// It was changed since the client saw it.
    #[error("it has changed since you read it; read it again")]
    Stale,
    /// The cursor is not this listing's.
    #[error(transparent)]
    UnknownCursor(#[from] UnknownCursor),
    /// An account's refusal.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A channel's refusal.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// A key's refusal.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stream's refusal.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A room's refusal of other rules.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// A room's refusal of a message.
    #[error(transparent)]
    Post(#[from] PostRefused),
    /// A chat command that is none.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A refusal between people.
    #[error(transparent)]
    Social(#[from] SocialError),
    /// A recording's refusal.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// There is nothing to record with.
    #[error("this server has nothing to record streams with")]
    NoRecorder,
    /// The recorder could not do it.
    #[error("the recorder cannot be reached")]
    Recorder(#[source] RecorderError),
    /// Another request was made under the same key.
    #[error("this idempotency key was used for another request; choose a new one")]
    KeyReused,
    /// Too often.
    #[error("too many requests; try again in {} s", retry_after.as_secs_f32().ceil())]
    TooMany {
        /// There will be room after that long.
        retry_after: Duration,
    },
    /// The disk is full; reading goes on.
    #[error("there is no space left; nothing was kept")]
    Full,
    /// Others were faster, again and again.
    #[error("too many changes at the same time; try again")]
    Contended,
    /// Too many passwords at once.
    #[error("the server is busy; try again")]
    Password(#[from] PasswordError),
    /// A secret cannot be opened.
    #[error("the secret cannot be opened")]
    Secret(#[from] OpenError),
    /// The store could not answer.
    #[error("the store cannot be reached")]
    Store(#[from] StoreError),
    /// No picture was made of an upload.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Pictures cannot be kept or read.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The media engine could not answer.
    #[error("the media engine cannot be reached")]
    Media(#[from] MediaServerError),
}
