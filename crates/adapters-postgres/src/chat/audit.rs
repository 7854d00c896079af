//! Who did what to a channel and its room.

use async_trait::async_trait;
use greenroom_domain::chat::Audit;
use greenroom_domain::shared::event::Event;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::StoreError;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::read::{Listing, NEWEST, parse_place, place_text};

#[async_trait]
impl Audit for PgStore {
    async fn of_channel(
        &self,
        channel: ChannelId,
        page: &PageRequest,
    ) -> Result<Result<Page<Event>, UnknownCursor>, StoreError> {
        let name = format!("audit-{}", channel.uuid().simple());
        let listing = match Listing::of(&name, page, parse_place) {
            Ok(listing) => listing,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let (at, id) = listing.after.unwrap_or(NEWEST);
        let events = self
            .read(|| {
                sqlx::query_scalar!(
                    r#"SELECT event AS "event: Json<Event>" FROM audited
                     WHERE channel = $1 AND (at, id) < ($2, $3)
                     ORDER BY at DESC, id DESC LIMIT $4"#,
                    channel.uuid(),
                    at,
                    id,
                    listing.rows()
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let events = events.into_iter().map(|Json(event)| event).collect();
        let key = |it: &Event| place_text((it.at.micros(), it.id.uuid()));
        Ok(Ok(listing.page_of(events, key)))
    }
}

/// Some of what was audited in the order of channels, times and ids, behind one.
pub(crate) async fn audited_behind(
    connection: &mut PgConnection,
    (channel, at, id): (Uuid, i64, Uuid),
    most: i64,
) -> sqlx::Result<Vec<(ChannelId, Event)>> {
    let rows = sqlx::query!(
        r#"SELECT channel, event AS "event: Json<Event>" FROM audited
         WHERE (channel, at, id) > ($1, $2, $3) ORDER BY channel, at, id LIMIT $4"#,
        channel,
        at,
        id,
        most
    )
    .fetch_all(connection)
    .await?;
    let entry = rows.into_iter();
    let entry = entry.map(|row| (ChannelId::from_uuid(row.channel), row.event.0));
    Ok(entry.collect())
}
