//! What a client is told when something is not done: one table from refusals to statuses.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use greenroom_app::Refusal;
use greenroom_domain::access::Denied;
use greenroom_domain::account::{AccountError, PasswordError, TokenError};
use greenroom_domain::channel::{ChannelError, KeyError, TagsError};
use greenroom_domain::chat::{ChatError, PostRefused};
use greenroom_domain::recording::{RecorderError, RecordingError};
use greenroom_domain::shared::object::ObjectsError;
use greenroom_domain::shared::picture::{MAX_PIXELS, PictureError};
use greenroom_domain::shared::store::StoreError;
use greenroom_domain::shared::text::TextError;
use greenroom_domain::social::SocialError;
use greenroom_domain::stream::StreamError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Something was not done, as a client is told. What the log gets is its [`Cause`].
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    error: String,
    details: Map<String, Value>,
    retry_after: Option<Duration>,
    cause: Option<Cause>,
}

/// Why it was not done, for the log alone: the chain of errors.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<dyn Error + Send + Sync>);

/// An error as every interface writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "rest", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "rest", schema(as = Error))]
pub struct ErrorJson {
    /// For people.
    pub error: String,
    /// For programs; stable.
    #[cfg_attr(feature = "rest", schema(example = "STREAM_NOT_FOUND"))]
    pub code: &'static str,
    /// What belongs to the code: the field that does not fit, the time until which to wait.
    #[cfg_attr(feature = "rest", schema(value_type = Object))]
    pub details: Map<String, Value>,
}

impl Problem {
    /// A problem of this status and code.
    pub fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Self {
        Self {
            status,
            code,
            error: error.into(),
            details: Map::new(),
            retry_after: None,
            cause: None,
        }
    }

    /// The same, with something that belongs to it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The same, with how long to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self.with(
            "retry_after_ms",
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        )
    }

    /// Nothing is here.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here")
    }

    /// A field's value does not fit.
    pub fn field(field: &str, error: &dyn Error) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "INVALID_FIELD",
            format!("{field}: {error}"),
        )
        .with("field", field)
    }

    /// A text does not fit its field.
    pub fn text(field: &str, error: TextError) -> Self {
        let problem = Self::field(field, &error);
        match error {
            TextError::TooLong { max } => problem.with("max", max),
            TextError::TooShort { min } => problem.with("min", min),
            TextError::Empty | TextError::Forbidden { .. } => problem,
        }
    }

    /// There is no room to publish to.
    #[cfg(any(feature = "rest", feature = "graphql"))]
    pub(crate) fn no_rooms() -> Self {
        let error = "the media engine has no rooms to publish to";
        Self::new(StatusCode::CONFLICT, "NO_ROOMS", error)
    }

    /// It may have been done, or not.
    pub(crate) fn took_too_long() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TOOK_TOO_LONG",
            "the answer took too long; what was asked for may have been done",
        )
    }

    /// Something broke that no client can do anything about.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "something went wrong on the server",
        )
    }

    /// The status that HTTP answers with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// For programs.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// How long to wait before trying again, in whole seconds (RFC 9110, 10.2.3), rounded up:
    /// not a moment too early.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        let wait = self.retry_after?.as_millis().div_ceil(1000).max(1);
        Some(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// As every interface writes it.
    pub fn json(&self) -> ErrorJson {
        ErrorJson {
            error: self.error.clone(),
            code: self.code,
            details: self.details.clone(),
        }
    }

    /// Why it was not done, for the log alone.
    #[cfg(any(feature = "graphql", feature = "socketio"))]
    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    pub(crate) fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Cause(Arc::new(cause)));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.json())).into_response();
        if let Some(seconds) = self.retry_after_seconds() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        #[cfg(feature = "dialects")]
        response.extensions_mut().insert(Arc::new(self.json()));
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl From<TagsError> for Problem {
    fn from(error: TagsError) -> Self {
        let TagsError::TooMany { max } = error;
        Self::field("tags", &error).with("max", max)
    }
}

/// How long to wait where nobody knows.
const A_MOMENT: Duration = Duration::from_secs(1);

impl From<Refusal> for Problem {
    /// The table. It matches everything, so that a new refusal does not compile before it has
    /// its place here.
    fn from(refusal: Refusal) -> Self {
        use StatusCode as S;
        let (status, code) = match &refusal {
            Refusal::Denied(Denied::SignInFirst) => (S::UNAUTHORIZED, "SIGN_IN_FIRST"),
            Refusal::Denied(Denied::Forbidden) => (S::FORBIDDEN, "FORBIDDEN"),
            Refusal::WrongCredentials => (S::UNAUTHORIZED, "WRONG_CREDENTIALS"),
            Refusal::NotSignedIn => (S::UNAUTHORIZED, "NOT_SIGNED_IN"),
            Refusal::SessionEnded => (S::GONE, "SESSION_ENDED"),
            Refusal::Token(
                TokenError::NotConfigured | TokenError::Expired | TokenError::Invalid,
            ) => (S::UNAUTHORIZED, "TOKEN_REFUSED"),
            Refusal::SetupLinkInvalid => (S::FORBIDDEN, "SETUP_LINK_INVALID"),
            Refusal::RegistrationClosed => (S::FORBIDDEN, "REGISTRATION_CLOSED"),
            Refusal::NoSuchUser => (S::NOT_FOUND, "USER_NOT_FOUND"),
            Refusal::NoSuchChannel => (S::NOT_FOUND, "CHANNEL_NOT_FOUND"),
            Refusal::NoSuchStream => (S::NOT_FOUND, "STREAM_NOT_FOUND"),
            Refusal::NoSuchKey => (S::NOT_FOUND, "KEY_NOT_FOUND"),
            Refusal::NoSuchRecording => (S::NOT_FOUND, "RECORDING_NOT_FOUND"),
            Refusal::UsernameTaken => (S::CONFLICT, "USERNAME_TAKEN"),
            Refusal::HandleTaken => (S::CONFLICT, "HANDLE_TAKEN"),
            Refusal::ChannelExists => (S::CONFLICT, "CHANNEL_EXISTS"),
            Refusal::AnotherStreamIsLive => (S::CONFLICT, "ANOTHER_STREAM_IS_LIVE"),
            Refusal::Stale => (S::PRECONDITION_FAILED, "STALE_VERSION"),
            Refusal::UnknownCursor(_) => (S::BAD_REQUEST, "UNKNOWN_CURSOR"),
            Refusal::Account(error) => of_account(*error),
            Refusal::Channel(error) => of_channel(*error),
            Refusal::Key(error) => of_key(*error),
            Refusal::Stream(error) => of_stream(*error),
            Refusal::Chat(error) => of_chat(*error),
            Refusal::Post(error) => of_post(*error),
            Refusal::Command(_) => (S::UNPROCESSABLE_ENTITY, "INVALID_COMMAND"),
            Refusal::Social(error) => of_social(*error),
            Refusal::Recording(error) => of_recording(*error),
            Refusal::Recorder(RecorderError::NothingToRecord) => {
                of_recording(RecordingError::NotPublishing)
            }
            Refusal::NoRecorder => (S::CONFLICT, "NO_RECORDER"),
            Refusal::KeyReused => (S::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED"),
            Refusal::TooMany { .. } => (S::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS"),
            Refusal::Full | Refusal::Objects(ObjectsError::Full) => {
                (S::INSUFFICIENT_STORAGE, "STORAGE_FULL")
            }
            Refusal::Picture(PictureError::UnknownFormat) => {
                (S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
            }
            Refusal::Picture(PictureError::Broken(_)) => {
                (S::UNPROCESSABLE_ENTITY, "PICTURE_BROKEN")
            }
            Refusal::Picture(PictureError::TooLarge) => {
                (S::UNPROCESSABLE_ENTITY, "PICTURE_TOO_LARGE")
            }
            Refusal::Contended => (S::SERVICE_UNAVAILABLE, "CONTENDED"),
            Refusal::Password(PasswordError::Busy)
            | Refusal::Picture(PictureError::Busy)
            | Refusal::Recorder(RecorderError::Busy) => (S::SERVICE_UNAVAILABLE, "BUSY"),
            Refusal::Token(TokenError::Unavailable(_))
            | Refusal::Store(StoreError::Unavailable(_))
            | Refusal::Objects(ObjectsError::Unavailable(_))
            | Refusal::Media(_)
            | Refusal::Recorder(RecorderError::Unavailable(_)) => {
                (S::SERVICE_UNAVAILABLE, "UNAVAILABLE")
            }
            Refusal::Password(PasswordError::Failed(_))
            | Refusal::Picture(PictureError::Failed(_))
            | Refusal::Secret(_)
            | Refusal::Store(StoreError::Corrupt { .. }) => {
                return Self::internal().because(refusal);
            }
        };
        let mut problem = Self::new(status, code, refusal.to_string());
        problem.details = details(&refusal);
        match &refusal {
            Refusal::TooMany { retry_after } => problem.retry_after(*retry_after),
            _ if status == S::SERVICE_UNAVAILABLE => problem.retry_after(A_MOMENT).because(refusal),
            // So it is meant: nothing for the log.
            Refusal::NoRecorder => problem,
            _ if status.is_server_error() => problem.because(refusal),
            _ => problem,
        }
    }
}

fn of_account(error: AccountError) -> (StatusCode, &'static str) {
    match error {
        AccountError::SignsInElsewhere => (StatusCode::CONFLICT, "SIGNS_IN_ELSEWHERE"),
        AccountError::NotACreator => (StatusCode::FORBIDDEN, "NOT_A_CREATOR"),
        AccountError::CreatorSuspended => (StatusCode::FORBIDDEN, "CREATOR_SUSPENDED"),
    }
}

fn of_channel(error: ChannelError) -> (StatusCode, &'static str) {
    match error {
        ChannelError::Locked => (StatusCode::CONFLICT, "INGEST_LOCKED"),
        ChannelError::Held { .. } => (StatusCode::CONFLICT, "INGEST_HELD"),
    }
}

fn of_key(error: KeyError) -> (StatusCode, &'static str) {
    match error {
        KeyError::Revoked => (StatusCode::GONE, "KEY_REVOKED"),
        KeyError::TooMany { .. } => (StatusCode::CONFLICT, "TOO_MANY_KEYS"),
    }
}

fn of_stream(error: StreamError) -> (StatusCode, &'static str) {
    match error {
        StreamError::Ended => (StatusCode::GONE, "STREAM_ENDED"),
        StreamError::NotLive => (StatusCode::CONFLICT, "STREAM_NOT_LIVE"),
        StreamError::AlreadyPublishing => (StatusCode::CONFLICT, "ALREADY_PUBLISHING"),
    }
}

fn of_chat(error: ChatError) -> (StatusCode, &'static str) {
    match error {
        ChatError::LengthOutOfRange { .. }
        | ChatError::SlowModeOutOfRange { .. }
        | ChatError::DelayOutOfRange { .. }
        | ChatError::FollowAgeOutOfRange { .. }
        | ChatError::TimeoutOutOfRange { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "INVALID_FIELD")
        }
        ChatError::CannotRestrictStaff => (StatusCode::FORBIDDEN, "CANNOT_RESTRICT_STAFF"),
        ChatError::CannotAppointStaff => (StatusCode::CONFLICT, "CANNOT_APPOINT_STAFF"),
        ChatError::TooManyAppointed { .. } => (StatusCode::CONFLICT, "TOO_MANY_APPOINTED"),
        ChatError::TooManyPins { .. } => (StatusCode::CONFLICT, "TOO_MANY_PINS"),
        ChatError::IsBanned => (StatusCode::CONFLICT, "USER_IS_BANNED"),
        ChatError::NoSuchMessage => (StatusCode::NOT_FOUND, "MESSAGE_NOT_FOUND"),
    }
}

fn of_post(error: PostRefused) -> (StatusCode, &'static str) {
    match error {
        PostRefused::Empty => (StatusCode::UNPROCESSABLE_ENTITY, "MESSAGE_EMPTY"),
        PostRefused::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "MESSAGE_TOO_LARGE"),
        PostRefused::Banned => (StatusCode::FORBIDDEN, "BANNED"),
        PostRefused::TimedOut { .. } => (StatusCode::FORBIDDEN, "TIMED_OUT"),
        PostRefused::Disabled => (StatusCode::FORBIDDEN, "CHAT_DISABLED"),
        PostRefused::FollowersOnly => (StatusCode::FORBIDDEN, "FOLLOWERS_ONLY"),
        PostRefused::FollowsTooShortly { .. } => (StatusCode::FORBIDDEN, "FOLLOWS_TOO_SHORTLY"),
        PostRefused::EmotesOnly => (StatusCode::FORBIDDEN, "EMOTES_ONLY"),
        PostRefused::GuestsMayNot => (StatusCode::UNAUTHORIZED, "GUESTS_MAY_NOT_CHAT"),
    }
}

fn of_social(error: SocialError) -> (StatusCode, &'static str) {
    match error {
        SocialError::OwnChannel => (StatusCode::CONFLICT, "OWN_CHANNEL"),
        SocialError::FollowsTooMany { .. } => (StatusCode::CONFLICT, "FOLLOWS_TOO_MANY"),
        SocialError::Oneself => (StatusCode::CONFLICT, "ONESELF"),
        SocialError::BlocksTooMany { .. } => (StatusCode::CONFLICT, "BLOCKS_TOO_MANY"),
    }
}

fn of_recording(error: RecordingError) -> (StatusCode, &'static str) {
    match error {
        RecordingError::NotPublishing => (StatusCode::CONFLICT, "NOT_PUBLISHING"),
        RecordingError::AlreadyRecording => (StatusCode::CONFLICT, "ALREADY_RECORDING"),
        RecordingError::Over => (StatusCode::CONFLICT, "RECORDING_OVER"),
    }
}

/// What belongs to a refusal's code.
fn details(refusal: &Refusal) -> Map<String, Value> {
    let details = match refusal {
        Refusal::Channel(ChannelError::Held { until })
        | Refusal::Post(
            PostRefused::TimedOut { until } | PostRefused::FollowsTooShortly { from: until },
        ) => json!({ "until": until.to_rfc3339() }),
        Refusal::Key(KeyError::TooMany { max }) => json!({ "max": max }),
        Refusal::Picture(PictureError::TooLarge) => json!({ "max_pixels": MAX_PIXELS }),
        Refusal::Post(PostRefused::TooLarge { max_bytes }) => json!({ "max_bytes": max_bytes }),
        Refusal::Chat(ChatError::LengthOutOfRange { max }) => {
            json!({ "field": "max_length", "min": 1, "max": max })
        }
        Refusal::Chat(ChatError::SlowModeOutOfRange { max }) => {
            json!({ "field": "slow_mode_seconds", "min": 1, "max": max })
        }
        Refusal::Chat(ChatError::DelayOutOfRange { max }) => {
            json!({ "field": "delay_seconds", "min": 1, "max": max })
        }
        Refusal::Chat(ChatError::FollowAgeOutOfRange { max_days }) => {
            let max = u32::from(*max_days) * 86_400;
            json!({ "field": "followers_only_seconds", "min": 0, "max": max })
        }
        Refusal::Chat(ChatError::TooManyAppointed { max } | ChatError::TooManyPins { max }) => {
            json!({ "max": max })
        }
        Refusal::Social(
            SocialError::FollowsTooMany { max } | SocialError::BlocksTooMany { max },
        ) => json!({ "max": max }),
        Refusal::Chat(ChatError::TimeoutOutOfRange { max }) => {
            json!({ "field": "seconds", "min": 1, "max": max.as_secs() })
        }
        _ => return Map::new(),
    };
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_gets_is_not_what_the_client_gets() {
        let secret = std::io::Error::other("/var/lib/greenroom: permission denied");
        let refusal = Refusal::Store(StoreError::Unavailable(Box::new(secret)));
        let response = Problem::from(refusal);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let shown = serde_json::to_string(&response.json()).unwrap();
        assert!(!shown.contains("/var/lib"), "{shown}");
        let response = response.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let cause = response.extensions().get::<Cause>().expect("for the log");
        let inner = cause
            .0
            .source()
            .and_then(Error::source)
            .map(ToString::to_string);
        assert!(inner.is_some_and(|inner| inner.contains("/var/lib")));
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let refusal = Refusal::TooMany {
            retry_after: Duration::from_millis(1_200),
        };
        let response = Problem::from(refusal).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
