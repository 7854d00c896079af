//! Whether LiveKit is where it is said to be, and takes the key.

use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};
use livekit_api::services::egress::EgressListOptions;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, StatusCode};

use crate::Options;
use crate::api::Api;

/// LiveKit cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Nobody answers there.
    #[error("nobody answers at {url} (livekit.url)")]
    Away {
        /// Where.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// Somebody else answers there.
    #[error("what answers at {url} is no LiveKit server: it says {status} (livekit.url)")]
    NotLiveKit {
        /// Where.
        url: String,
        /// How it answers.
        status: u16,
    },
    /// It does not know the key.
    #[error("LiveKit does not know the API key (livekit.api_key)")]
    UnknownKey,
    /// The secret is another.
    #[error("LiveKit refuses the API key's secret (livekit.api_secret)")]
    WrongSecret,
    /// It has nothing to record with.
    #[error("LiveKit cannot record (livekit.recording)")]
    NoRecorder(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No token can be made.
    #[error("no token can be made of LiveKit's API key and secret")]
    Token(#[source] AccessTokenError),
}

/// Asks what is recorded, which LiveKit does not know without Redis.
pub(crate) async fn check_recorder(options: &Options) -> Result<(), CheckError> {
    let api = Api::new(options);
    let goes_on = EgressListOptions {
        active: true,
        ..EgressListOptions::default()
    };
    let listed = api.answer(api.egress().list_egress(goes_on).await);
    listed
        .map(drop)
        .map_err(|error| CheckError::NoRecorder(Box::new(error)))
}

/// Asks for something harmless. LiveKit's own client does not tell these apart: it expects
/// JSON, and gets a line of text.
pub(crate) async fn check(options: &Options) -> Result<(), CheckError> {
    let url = options.api.to_string();
    let away = |source: reqwest::Error| CheckError::Away {
        url: url.clone(),
        source: source.without_url(),
    };
    let (key, secret) = options.keys();
    let grants = VideoGrants {
        room_list: true,
        ..VideoGrants::default()
    };
    let token = AccessToken::with_api_key(key, secret).with_grants(grants);
    let token = token.to_jwt().map_err(CheckError::Token)?;
    let client = Client::builder().build().map_err(away)?;
    let place = options.api.join("twirp/livekit.RoomService/ListRooms");
    let answer = client
        .post(place.unwrap_or_else(|_| options.api.clone()))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(r#"{"names":["-"]}"#)
        .timeout(options.patience * 3)
        .send()
        .await
        .map_err(away)?;
    let status = answer.status();
    let is_json = answer
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    // A line of text, or somebody else's page, of which only the beginning matters.
    let said = match answer.content_length() {
        Some(length) if length <= 1024 => answer.text().await.unwrap_or_default(),
        _ => String::new(),
    };
    match status {
        StatusCode::OK if is_json => Ok(()),
        StatusCode::UNAUTHORIZED if said.contains("API key") => Err(CheckError::UnknownKey),
        StatusCode::UNAUTHORIZED => Err(CheckError::WrongSecret),
        other => Err(CheckError::NotLiveKit {
            url,
            status: other.as_u16(),
        }),
    }
}
