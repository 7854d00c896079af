//! Rooms' logs; below, their rules with who is what and who is held in them, and the audit log.

pub(crate) mod audit;
pub(crate) mod moderation;

use async_trait::async_trait;
use greenroom_domain::chat::{Line, LineBody, Place, RoomLog, Seq};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, GuestId, UserId};
use greenroom_domain::shared::store::StoreError;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::PgStore;
use crate::error::{Impossible, corrupt};
use crate::number::{bigint, count, limit};

/// The lines' rows that fit.
macro_rules! lines {
    ($where:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            LineRow,
            r#"SELECT seq, at, body AS "body: Json<LineBody>" FROM lines "# + $where
            $(, $argument)*
        )
    };
}

#[async_trait]
impl RoomLog for PgStore {
    async fn head(&self, room: ChannelId) -> Result<Place, StoreError> {
        let seq = self
            .read(|| {
                sqlx::query_scalar!("SELECT seq FROM room_heads WHERE room = $1", room.uuid())
                    .fetch_optional(&self.pool)
            })
            .await?;
        Ok(Place {
            epoch: self.epoch(),
            seq: Seq(seq.map_or(0, count)),
        })
    }

    async fn after(
        &self,
        room: ChannelId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let rows = self
            .read(|| {
                lines!(
                    "WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                    room.uuid(),
                    bigint(after.0),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        Ok(rows.into_iter().map(|row| row.line(self.epoch())).collect())
    }

    async fn before(
        &self,
        room: ChannelId,
        before: Option<Seq>,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let rows = self
            .read(|| {
                lines!(
                    "WHERE room = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
                    room.uuid(),
                    before.map_or(i64::MAX, |seq| bigint(seq.0)),
                    limit(most)
                )
                .fetch_all(&self.pool)
            })
            .await?;
        let oldest_first = rows.into_iter().rev();
        Ok(oldest_first.map(|row| row.line(self.epoch())).collect())
    }

    async fn line(&self, room: ChannelId, seq: Seq) -> Result<Option<Line>, StoreError> {
        let row = self
            .read(|| {
                lines!("WHERE room = $1 AND seq = $2", room.uuid(), bigint(seq.0))
                    .fetch_optional(&self.pool)
            })
            .await?;
        Ok(row.map(|row| row.line(self.epoch())))
    }
}

/// Some lines in the order of rooms and numbers, behind one.
pub(crate) async fn lines_behind(
    connection: &mut PgConnection,
    (room, seq): (Uuid, i64),
    most: i64,
) -> sqlx::Result<Vec<(ChannelId, LineRow)>> {
    let rows = sqlx::query!(
        r#"SELECT room, seq, at, body AS "body: Json<LineBody>" FROM lines
         WHERE (room, seq) > ($1, $2) ORDER BY room, seq LIMIT $3"#,
        room,
        seq,
        most
    )
    .fetch_all(connection)
    .await?;
    let line = rows.into_iter().map(|row| {
        let line = LineRow {
            seq: row.seq,
            at: row.at,
            body: row.body,
        };
        (ChannelId::from_uuid(row.room), line)
    });
    Ok(line.collect())
}

/// An identity as two columns, which sort as identities do.
pub(crate) fn identity(identity: Identity) -> (i16, Uuid) {
    match identity {
        Identity::User(user) => (0, user.uuid()),
        Identity::Guest(guest) => (1, guest.uuid()),
    }
}

pub(crate) fn parse_identity(
    what: &'static str,
    kind: i16,
    id: Uuid,
) -> Result<Identity, StoreError> {
    match kind {
        0 => Ok(Identity::User(UserId::from_uuid(id))),
        1 => Ok(Identity::Guest(GuestId::from_uuid(id))),
        _ => Err(corrupt(what, Impossible)),
    }
}

pub(crate) struct LineRow {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) body: Json<LineBody>,
}

impl LineRow {
    pub(crate) fn line(self, epoch: u32) -> Line {
        let seq = Seq(count(self.seq));
        Line {
            place: Place { epoch, seq },
            at: Timestamp::from_micros(self.at),
            body: self.body.0,
        }
    }
}
