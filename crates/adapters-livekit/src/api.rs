//! Calls to LiveKit, and what their failures mean.

use std::sync::atomic::{AtomicBool, Ordering};

use livekit_api::services::egress::EgressClient;
use livekit_api::services::ingress::IngressClient;
use livekit_api::services::room::RoomClient;
use livekit_api::services::{LiveKitApi, ServerError, ServerErrorCode, ServiceError};

use crate::Options;

/// LiveKit's API.
#[derive(Debug)]
pub(crate) struct Api {
    client: LiveKitApi,
    /// With more patience: what it is asked LiveKit asks others.
    recorder: EgressClient,
    is_away: AtomicBool,
}

/// A call was not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// There is no such room, participant, ingress or egress.
    #[error("LiveKit does not know it")]
    NotFound(#[source] Box<ServiceError>),
    /// What does this is a program of its own, and is not there.
    #[error("LiveKit's ingress or egress service is not there")]
    NoService(#[source] Box<ServiceError>),
    /// It is there, and does not take more.
    #[error("LiveKit's egress service has too much to do")]
    Busy(#[source] Box<ServiceError>),
    /// What was to be ended is over.
    #[error("it is over already")]
    Over(#[source] Box<ServiceError>),
    /// LiveKit does not answer.
    #[error("LiveKit does not answer")]
    Away(#[source] Box<ServiceError>),
    /// LiveKit does not want to.
    #[error("LiveKit has refused")]
    Refused(#[source] Box<ServiceError>),
}

impl Api {
    pub(crate) fn new(options: &Options) -> Self {
        let (key, secret) = options.keys();
        let client = LiveKitApi::with_api_key(options.api.as_str(), key, secret)
            .with_failover(false)
            .with_request_timeout(options.patience);
        let recorder = EgressClient::with_api_key(options.api.as_str(), key, secret)
            .with_failover(false)
            .with_request_timeout(options.recorder_patience);
        Self {
            client,
            recorder,
            is_away: AtomicBool::new(false),
        }
    }

    /// Whether the last call was not answered.
    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    pub(crate) fn room(&self) -> &RoomClient {
        self.client.room()
    }

    pub(crate) fn ingress(&self) -> &IngressClient {
        self.client.ingress()
    }

    /// For what LiveKit answers itself.
    pub(crate) fn egress(&self) -> &EgressClient {
        self.client.egress()
    }

    /// For what LiveKit [passes on](Self::passed_on) to the egress service.
    pub(crate) fn recorder(&self) -> &EgressClient {
        &self.recorder
    }

    /// What a call's answer means.
    pub(crate) fn answer<T>(&self, answer: Result<T, ServiceError>) -> Result<T, CallError> {
        let answer = answer.map_err(read);
        let is_away = matches!(answer, Err(CallError::Away(_)));
        if self.is_away.swap(is_away, Ordering::Relaxed) != is_away {
            if is_away {
                tracing::warn!("LiveKit does not answer");
            } else {
                tracing::info!("LiveKit answers");
            }
        }
        answer
    }

    /// The same of a call that LiveKit passes on to a service: it is the service that does not
    /// answer then, and LiveKit that says so.
    pub(crate) fn passed_on<T>(&self, answer: Result<T, ServiceError>) -> Result<T, CallError> {
        match answer {
            Err(error) if !is_connecting(&error) => Err(match read(error) {
                CallError::Away(error) => CallError::NoService(error),
                other => other,
            }),
            answer => self.answer(answer),
        }
    }

    /// The same of what is done already when there is nothing any more.
    pub(crate) fn gone(&self, answer: Result<(), ServiceError>) -> Result<(), CallError> {
        match self.answer(answer) {
            Err(CallError::NotFound(_)) => Ok(()),
            other => other,
        }
    }
}

fn read(error: ServiceError) -> CallError {
    let meaning = match &error {
        ServiceError::Twirp(ServerError::Twirp(refused)) => match refused.code.as_str() {
            ServerErrorCode::NOT_FOUND => CallError::NotFound,
            // What LiveKit says where it has no Redis to reach the others by.
            ServerErrorCode::INTERNAL if refused.msg.contains("not connected") => {
                CallError::NoService
            }
            // What an egress service says of its processor.
            ServerErrorCode::UNAVAILABLE if refused.msg.contains("CPU") => CallError::Busy,
            ServerErrorCode::RESOURCE_EXHAUSTED => CallError::Busy,
            ServerErrorCode::FAILED_PRECONDITION => CallError::Over,
            ServerErrorCode::UNAVAILABLE | ServerErrorCode::DEADLINE_EXCEEDED => CallError::Away,
            _ => CallError::Refused,
        },
        ServiceError::Twirp(ServerError::Request(failed)) if !failed.is_decode() => CallError::Away,
        _ => CallError::Refused,
    };
    meaning(Box::new(error))
}

/// Whether LiveKit itself was not reached.
fn is_connecting(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Twirp(ServerError::Request(failed)) if failed.is_connect())
}
