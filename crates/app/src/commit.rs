//! How a use case makes the domain's answer durable: once, or again on a conflict.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::Denied;
use greenroom_domain::chat::{Line, NewLine, Place};
use greenroom_domain::recording::RecordingError;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, Claim, CommitError, Write};
use greenroom_domain::shared::event::{Event, Happening};
use greenroom_domain::shared::id::EventId;
use greenroom_domain::shared::once::Reply;
use greenroom_domain::shared::rate::{Quota, RateKey};
use greenroom_domain::shared::store::{StoreError, Version};

use crate::realtime::line_of;
use crate::{App, Refusal, consumers};

/// How often a use case decides again before it gives up.
const ATTEMPTS: u32 = 5;

/// Why one attempt came to nothing.
pub(crate) enum Attempt {
    /// Somebody else was faster: read and decide again.
    Again,
    /// The message is in the log already.
    Repeated(Box<Line>),
    /// The request has been answered: this is what it made.
    Answered(Box<Reply>),
    /// The domain or the outside said no.
    Refused(Refusal),
}

impl<E: Into<Refusal>> From<E> for Attempt {
    fn from(refusal: E) -> Self {
        Self::Refused(refusal.into())
    }
}

/// Writes an aggregate back.
pub(crate) fn write<T>(next: T, seen: Version) -> Write<T> {
    Write { next, seen }
}

impl App {
    /// Runs one attempt after the other until one is no conflict.
    pub(crate) async fn retry<T, A>(&self, attempt: impl FnMut() -> A) -> Result<T, Refusal>
    where
        A: Future<Output = Result<T, Attempt>>,
    {
        match self.attempts(attempt).await {
            Ok(done) => Ok(done),
            Err(Attempt::Refused(refusal)) => Err(refusal),
            Err(Attempt::Again | Attempt::Repeated(_) | Attempt::Answered(_)) => {
                Err(Refusal::Contended)
            }
        }
    }

    /// The same, for whoever has an answer to a repeat.
    pub(crate) async fn attempts<T, A>(&self, mut attempt: impl FnMut() -> A) -> Result<T, Attempt>
    where
        A: Future<Output = Result<T, Attempt>>,
    {
        for round in 1..=ATTEMPTS {
            match attempt().await {
                Err(Attempt::Again) => {
                    let jitter = u64::from(self.ports.ids.secret()[0]) * 20 * u64::from(round);
                    tokio::time::sleep(Duration::from_micros(jitter)).await;
                }
                answered => return answered,
            }
        }
        Err(Attempt::Again)
    }

    /// What is to be told of a decision: its events, and a line in the room for each that a
    /// room shows.
    pub(crate) fn tell(&self, by: &Actor, happened: Vec<Happening>, now: Timestamp) -> Changes {
        let lines = happened
            .iter()
            .filter_map(line_of)
            .map(|(room, body)| NewLine {
                room,
                at: now,
                body,
                policy_seen: None,
            })
            .collect();
        let event = |what| Event {
            id: EventId::from_uuid(self.ports.ids.uuid()),
            at: now,
            by: *by,
            what,
        };
        let events = happened.into_iter().map(event).collect();
        Changes {
            events,
            lines,
            ..Changes::new()
        }
    }

    /// Commits, then shows the lines to whoever listens and carries out what follows.
    ///
    /// Runs to its end even when the caller goes away: what was committed is always shown.
    pub(crate) async fn commit(self: &Arc<Self>, changes: Changes) -> Result<Vec<Place>, Attempt> {
        let app = Arc::clone(self);
        let run = tokio::spawn(async move {
            let lines = changes.lines.clone();
            let events = changes.events.clone();
            let committed = app.ports.commit.commit(changes).await?;
            for (line, place) in lines.into_iter().zip(&committed.places) {
                let NewLine { room, at, body, .. } = line;
                let place = *place;
                app.show_line(room, Line { place, at, body });
            }
            for event in &events {
                // Carried out here at once, and by those who read the feed until it is done.
                if let Err(error) = consumers::effects::carry_out(&app, event).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an effect has to be repeated"
                    );
                }
            }
            Ok(committed.places)
        });
        match run.await {
            Ok(Ok(places)) => Ok(places),
            Ok(Err(error)) => Err(refused(error)),
            Err(panicked) => Err(StoreError::Unavailable(Box::new(panicked)).into()),
        }
    }

    /// Refuses what comes too often.
    pub(crate) async fn limit(
        &self,
        rule: &'static str,
        subject: String,
        quota: Quota,
    ) -> Result<(), Refusal> {
        let key = RateKey { rule, subject };
        match self.ports.rate_limits.take(&key, quota, self.now()).await? {
            Ok(()) => Ok(()),
            Err(retry_after) => Err(Refusal::TooMany { retry_after }),
        }
    }
}

fn refused(error: CommitError) -> Attempt {
    match error {
        CommitError::Conflict | CommitError::PolicyMoved | CommitError::CursorMoved => {
            Attempt::Again
        }
        CommitError::Repeated(line) => Attempt::Repeated(line),
        CommitError::Answered(reply) => Attempt::Answered(reply),
        CommitError::Full => Attempt::Refused(Refusal::Full),
        CommitError::Store(error) => Attempt::Refused(Refusal::Store(error)),
        CommitError::Taken(claim) => Attempt::Refused(match claim {
            Claim::Username(_) => Refusal::UsernameTaken,
            Claim::Handle(_) => Refusal::HandleTaken,
            Claim::ChannelOf(_) => Refusal::ChannelExists,
            Claim::LiveStream(_) => Refusal::AnotherStreamIsLive,
            Claim::RecordingOf(_) => RecordingError::AlreadyRecording.into(),
            Claim::FirstAdministrator => Refusal::SetupLinkInvalid,
            // Made at first sight by another request at the same moment, or a new secret
            // that is like another, which 256 random bits rule out: decide again.
            Claim::Subject(_) | Claim::KeyHash(_) => return Attempt::Again,
        }),
    }
}

/// Refuses whoever is not signed in.
pub(crate) fn signed_in(actor: &Actor) -> Result<greenroom_domain::shared::id::UserId, Refusal> {
    actor.user().ok_or(Refusal::Denied(Denied::SignInFirst))
}
