//! What is live now: one snapshot of at most two seconds' age serves everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_domain::account::User;
use greenroom_domain::channel::Channel;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, StreamId, UserId};
use greenroom_domain::shared::page::{Cursor, Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::text::fold;
use greenroom_domain::stream::{Publisher, Stream};

use crate::stream::taste::{LiveOrder, Taste};
use crate::stream::view::{StreamView, thumbnail};
use crate::{App, Refusal};

/// How old a snapshot may be before it is made anew.
const FRESH: Duration = Duration::from_secs(2);
/// How many snapshots are kept for those who page through them.
const KEPT: usize = 30;

/// What is wanted of what is live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFilter {
    /// Its title, handle, creator's name, category or a tag holds this.
    pub search: Option<String>,
    /// It is of this category.
    pub category: Option<String>,
    /// It has this tag.
    pub tag: Option<String>,
    /// It is in this language.
    pub language: Option<String>,
    /// What comes first.
    pub order: LiveOrder,
}

/// Snapshots of what is live, newest last.
#[derive(Default)]
pub(crate) struct LiveSnapshot {
    kept: Mutex<Kept>,
    /// Held by whoever makes one: everybody else waits for theirs.
    making: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    newest: Option<Arc<Snapshot>>,
    older: Vec<Arc<Snapshot>>,
}

pub(crate) struct Snapshot {
    pub(crate) at: Timestamp,
    /// Most viewers first; then the one that is on air for longer.
    pub(crate) streams: Vec<StreamView>,
    /// Where in them each channel is.
    by_channel: HashMap<ChannelId, usize>,
}

impl LiveSnapshot {
    /// The next listing is made anew.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        if let Some(newest) = kept.newest.take() {
            kept.keep(newest);
        }
    }

    pub(crate) async fn newest(&self, app: &App) -> Result<Arc<Snapshot>, Refusal> {
        if let Some(fresh) = self.fresh(app.now()) {
            return Ok(fresh);
        }
        let _making = self.making.lock().await;
        let now = app.now();
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let streams = all_live(app).await?;
        let by_channel = streams
            .iter()
            .enumerate()
            .map(|(index, view)| (view.stream.channel, index))
            .collect();
        let made = Arc::new(Snapshot {
            at: now,
            streams,
            by_channel,
        });
        let mut kept = self.kept();
        if let Some(old) = kept.newest.replace(Arc::clone(&made)) {
            kept.keep(old);
        }
        Ok(made)
    }

    /// The channel's live stream, as of the newest snapshot.
    pub(crate) async fn stream_of(
        &self,
        app: &App,
        channel: ChannelId,
    ) -> Result<Option<StreamId>, Refusal> {
        let snapshot = self.newest(app).await?;
        Ok(snapshot.of(channel).map(|stream| stream.id))
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<Snapshot>> {
        let newest = self.kept().newest.clone();
        newest.filter(|snapshot| now.since(snapshot.at) < FRESH && snapshot.at <= now)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made_at(&self, at: Timestamp) -> Option<Arc<Snapshot>> {
        let kept = self.kept();
        kept.newest
            .iter()
            .chain(&kept.older)
            .find(|snapshot| snapshot.at == at)
            .cloned()
    }
}

impl Snapshot {
    /// Who publishes to the channel's live stream.
    pub(crate) fn publisher_of(&self, channel: ChannelId) -> Option<Publisher> {
        self.of(channel)?.publisher()
    }

    fn of(&self, channel: ChannelId) -> Option<&Stream> {
        let index = *self.by_channel.get(&channel)?;
        self.streams.get(index).map(|view| &view.stream)
    }
}

impl Kept {
    fn keep(&mut self, snapshot: Arc<Snapshot>) {
        if self.older.len() == KEPT {
            self.older.remove(0);
        }
        self.older.push(snapshot);
    }
}

/// What is live, as the filter orders it; most viewers first otherwise. A page's cursor names
/// the snapshot that it is of, so that nothing is listed twice or left out while viewers come
/// and go.
pub async fn execute(
    app: &App,
    actor: &Actor,
    filter: &LiveFilter,
    page: &PageRequest,
) -> Result<Page<StreamView>, Refusal> {
    let (snapshot, from) = match &page.after {
        None => (app.live.newest(app).await?, (0, 0)),
        Some(cursor) => {
            let (at, from) = parse(cursor).ok_or(UnknownCursor)?;
            (app.live.made_at(at).ok_or(UnknownCursor)?, from)
        }
    };
    let taste = Taste::of(app, actor, filter.order, &snapshot).await?;
    let mut found: Vec<(usize, usize)> = snapshot
        .streams
        .iter()
        .enumerate()
        .filter(|(_, view)| filter.takes(view))
        .filter_map(|(index, view)| Some((taste.rank(view)?, index)))
        .filter(|place| *place >= from)
        .collect();
    found.sort_unstable();
    let limit = page.limit.get();
    let views = found.iter().take(limit);
    let items = views.filter_map(|(_, index)| snapshot.streams.get(*index).cloned());
    let next = found
        .get(limit)
        .map(|(rank, index)| Cursor(format!("{}.{rank}.{index}", snapshot.at.micros())));
    Ok(Page {
        items: items.collect(),
        next,
    })
}

impl LiveFilter {
    fn takes(&self, view: &StreamView) -> bool {
        let same = |wanted: &Option<String>, is: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| is.is_some_and(|is| fold(is) == fold(wanted)))
        };
        let channel = &view.channel;
        let category = view
            .stream
            .category
            .as_ref()
            .map(greenroom_domain::channel::Category::as_str);
        same(&self.category, category)
            && same(
                &self.language,
                channel
                    .language
                    .as_ref()
                    .map(greenroom_domain::channel::Language::as_str),
            )
            && self
                .tag
                .as_deref()
                .is_none_or(|tag| channel.tags.iter().any(|is| is.as_str() == fold(tag)))
            && self.search.as_deref().is_none_or(|search| {
                let search = fold(search.trim());
                let texts = [
                    view.stream.title.as_str(),
                    channel.handle.as_str(),
                    view.owner.display_name.as_str(),
                ];
                let tags = channel
                    .tags
                    .iter()
                    .map(greenroom_domain::channel::Tag::as_str);
                texts
                    .into_iter()
                    .chain(category)
                    .chain(tags)
                    .any(|text| fold(text).contains(&search))
            })
    }
}

fn parse(cursor: &Cursor) -> Option<(Timestamp, (usize, usize))> {
    let (at, place) = cursor.0.split_once('.')?;
    let (rank, index) = place.split_once('.')?;
    let at = Timestamp::from_micros(at.parse().ok()?);
    Some((at, (rank.parse().ok()?, index.parse().ok()?)))
}

async fn all_live(app: &App) -> Result<Vec<StreamView>, Refusal> {
    let streams: Vec<_> = app
        .ports
        .streams
        .live()
        .await?
        .into_iter()
        .map(|stored| stored.value)
        .collect();
    let ids: Vec<StreamId> = streams.iter().map(|stream| stream.id).collect();
    let channel_ids: Vec<ChannelId> = streams.iter().map(|stream| stream.channel).collect();
    let channels = app.ports.channels.get_many(&channel_ids).await?;
    let owner_ids: Vec<UserId> = channels.iter().map(|channel| channel.owner).collect();
    let owners = app.ports.users.get_many(&owner_ids).await?;
    let channels: HashMap<ChannelId, Channel> = channels
        .into_iter()
        .map(|channel| (channel.id, channel))
        .collect();
    let owners: HashMap<UserId, User> = owners.into_iter().map(|user| (user.id, user)).collect();
    let counts = app.ports.streams.counts(&ids).await?;
    let viewers = app.ports.presence.counts(&ids, app.now()).await?;
    let others = app.other_nodes_with(&streams).await;
    let mut views: Vec<StreamView> = streams
        .into_iter()
        .zip(counts.into_iter().zip(viewers))
        .filter_map(|(stream, (counts, viewers))| {
            let channel = channels.get(&stream.channel)?.clone();
            let owner = owners.get(&channel.owner)?.clone();
            Some(StreamView {
                thumbnail: thumbnail(app, &stream, &channel, &others),
                stream,
                channel,
                owner,
                viewers,
                counts,
            })
        })
        .collect();
    views.sort_by_key(|view| {
        (
            std::cmp::Reverse(view.viewers),
            view.stream.started_at(),
            view.stream.id,
        )
    });
    Ok(views)
}
