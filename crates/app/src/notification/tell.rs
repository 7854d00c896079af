//! Tells what was announced to those whom it is for, one announcement after the other.

use std::sync::Arc;
use std::time::Duration;

use greenroom_domain::access::Standing;
use greenroom_domain::chat::ChatDelay;
use greenroom_domain::notification::{Addressee, Announcement, Notification, NotificationKind};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::store::StoreError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::notification::NotificationView;
use crate::notification::registry::Candidate;
use crate::{App, Refusal};

/// What takes longer is given up.
const LIMIT: Duration = Duration::from_secs(10);
/// How many are asked at once whether they follow a channel.
const READS: usize = 16;
/// How many mentions in delayed rooms wait until viewers see them; what comes beyond is lost.
const LATER: usize = 1_000;

/// Until shutdown.
pub(crate) async fn run(app: &Arc<App>, shutdown: &CancellationToken) {
    let telling = async {
        // Ends with this.
        let mut later = JoinSet::new();
        loop {
            tokio::select! {
                announcement = app.notifications.next() => {
                    if let Some(wait) = within_limit(tell(app, announcement)).await.flatten()
                        && later.len() < LATER
                    {
                        later.spawn(tell_later(Arc::clone(app), wait));
                    }
                }
                Some(_) = later.join_next() => {}
            }
        }
    };
    shutdown.run_until_cancelled(telling).await;
}

/// A mention that viewers do not see yet.
struct Later {
    told: Arc<NotificationView>,
    to: Vec<Candidate>,
    delay: Duration,
}

async fn within_limit<T>(telling: impl Future<Output = Result<T, Refusal>>) -> Option<T> {
    match tokio::time::timeout(LIMIT, telling).await {
        Ok(Ok(told)) => return Some(told),
        Ok(Err(error)) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a notification is not told"
        ),
        Err(_) => tracing::warn!("a notification takes too long and is not told"),
    }
    None
}

/// Tells those who may know now, and says whom to tell later.
async fn tell(app: &Arc<App>, announcement: Announcement) -> Result<Option<Later>, Refusal> {
    let mut candidates = app.notifications.candidates(&announcement.to);
    if announcement.to == Addressee::Followers {
        candidates = followers(app, &announcement, candidates).await?;
    }
    if candidates.is_empty() {
        return Ok(None);
    }
    let channel = app.channel(announcement.notification.channel).await?.value;
    let told = Arc::new(NotificationView {
        notification: announcement.notification,
        channel,
    });
    let delay = delay(app, &told.notification).await?;
    let mut later = Vec::new();
    for candidate in candidates {
        let standing = app.standing(&candidate.actor, &told.channel).await?;
        if delay.is_some() && !standing.is_staff() {
            later.push(candidate);
        } else {
            tell_one(app, candidate, standing, &told).await?;
        }
    }
    Ok(delay.filter(|_| !later.is_empty()).map(|delay| Later {
        told,
        to: later,
        delay,
    }))
}

/// What is said in a delayed room is not to be known before viewers see it, nor when it was
/// deleted until then.
async fn tell_later(app: Arc<App>, Later { told, to, delay }: Later) {
    let age = app.now().since(told.notification.at);
    tokio::time::sleep(delay.saturating_sub(age)).await;
    within_limit(async {
        if !is_there(&app, &told.notification).await? {
            return Ok(());
        }
        for candidate in to {
            let standing = app.standing(&candidate.actor, &told.channel).await?;
            tell_one(&app, candidate, standing, &told).await?;
        }
        Ok(())
    })
    .await;
}

async fn tell_one(
    app: &App,
    Candidate { user, .. }: Candidate,
    standing: Standing,
    told: &Arc<NotificationView>,
) -> Result<(), Refusal> {
    if told.notification.is_for(user, standing) && !is_from_blocked(app, user, told).await? {
        app.notifications.deliver(user, told);
    }
    Ok(())
}

/// Whether somebody mentions them with whom they want nothing to do.
async fn is_from_blocked(
    app: &App,
    user: UserId,
    told: &NotificationView,
) -> Result<bool, StoreError> {
    match &told.notification.what {
        NotificationKind::Mentioned { message, .. } => match message.author.identity {
            Identity::User(author) => Ok(app.ports.blocks.get(user, author).await?.is_some()),
            Identity::Guest(_) => Ok(false),
        },
        _ => Ok(false),
    }
}

/// How much later viewers see it, if it is in a chat.
async fn delay(app: &App, notification: &Notification) -> Result<Option<Duration>, Refusal> {
    match notification.what {
        NotificationKind::Mentioned { .. } => {
            let rules = app.rules.of(app, notification.channel).await?;
            Ok(rules.room.settings.delay.map(ChatDelay::length))
        }
        _ => Ok(None),
    }
}

/// Whether the log still says what somebody is mentioned in.
async fn is_there(app: &App, notification: &Notification) -> Result<bool, StoreError> {
    let NotificationKind::Mentioned { place, .. } = &notification.what else {
        return Ok(true);
    };
    let room = notification.channel;
    let line = app.ports.room_log.line(room, place.seq).await?;
    Ok(line.is_some_and(|line| Announcement::of_line(room, &line).is_some()))
}

/// Those of them who follow the channel and want to know.
async fn followers(
    app: &Arc<App>,
    announcement: &Announcement,
    candidates: Vec<Candidate>,
) -> Result<Vec<Candidate>, StoreError> {
    let channel = announcement.notification.channel;
    let mut candidates = candidates.into_iter();
    let mut reads = JoinSet::new();
    let mut found = Vec::new();
    loop {
        while reads.len() < READS
            && let Some(candidate) = candidates.next()
        {
            let follows = Arc::clone(&app.ports.follows);
            reads.spawn(async move { (candidate, follows.get(candidate.user, channel).await) });
        }
        match reads.join_next().await {
            None => return Ok(found),
            Some(Ok((candidate, follow))) => {
                let follow = follow?;
                if follow.is_some_and(|follow| announcement.is_wanted_by(&follow.value)) {
                    found.push(candidate);
                }
            }
            Some(Err(panicked)) => return Err(StoreError::Unavailable(Box::new(panicked))),
        }
    }
}
