//! Who is held in rooms, who is something in a channel, and who did what.

use greenroom_domain::shared::event::Event;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::chat::identity;
use crate::chat::moderation::{AppointmentRow, RestrictionRow};
use crate::draft::Writes;
use crate::error::Failure;

pub(super) async fn restrictions(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    let set = writes.restrictions.values().flatten();
    let set: Vec<_> = set
        .map(|restriction| RestrictionRow::of(restriction))
        .collect();
    if !set.is_empty() {
        sqlx::query!(
            "INSERT INTO restrictions \
             SELECT * FROM jsonb_populate_recordset(NULL::restrictions, $1) \
             ON CONFLICT (room, subject_kind, subject) DO UPDATE SET (until, reason, name, at) \
             = (excluded.until, excluded.reason, excluded.name, excluded.at)",
            Json(set) as _
        )
        .execute(&mut *connection)
        .await?;
    }
    let lifted = writes.restrictions.iter().filter(|(_, it)| it.is_none());
    let lifted: Vec<_> = lifted
        .map(|((room, subject), _)| (room.uuid(), identity(*subject)))
        .collect();
    if !lifted.is_empty() {
        let rooms: Vec<Uuid> = lifted.iter().map(|(room, _)| *room).collect();
        let (kinds, ids): (Vec<i16>, Vec<Uuid>) = lifted.into_iter().map(|(_, it)| it).unzip();
        sqlx::query!(
            "DELETE FROM restrictions AS it \
             USING unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS lifted (room, kind, id) \
             WHERE it.room = lifted.room AND it.subject_kind = lifted.kind \
             AND it.subject = lifted.id",
            &rooms,
            &kinds,
            &ids
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn appointments(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    let made = writes.appointments.values().flatten();
    let made: Vec<_> = made
        .map(|appointment| AppointmentRow::of(appointment))
        .collect();
    if !made.is_empty() {
        sqlx::query!(
            "INSERT INTO appointments \
             SELECT * FROM jsonb_populate_recordset(NULL::appointments, $1) \
             ON CONFLICT (channel, user_id) DO UPDATE SET (role, name, at) \
             = (excluded.role, excluded.name, excluded.at)",
            Json(made) as _
        )
        .execute(&mut *connection)
        .await?;
    }
    let ended = writes.appointments.iter().filter(|(_, it)| it.is_none());
    let (channels, users): (Vec<Uuid>, Vec<Uuid>) = ended
        .map(|((channel, user), _)| (channel.uuid(), user.uuid()))
        .unzip();
    if !channels.is_empty() {
        sqlx::query!(
            "DELETE FROM appointments AS it \
             USING unnest($1::uuid[], $2::uuid[]) AS ended (channel, user_id) \
             WHERE it.channel = ended.channel AND it.user_id = ended.user_id",
            &channels,
            &users
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn audited(
    connection: &mut PgConnection,
    writes: &Writes<'_>,
) -> Result<(), Failure> {
    if writes.audited.is_empty() {
        return Ok(());
    }
    let places = writes.audited.keys();
    let channels: Vec<Uuid> = places.clone().map(|(channel, ..)| channel.uuid()).collect();
    let ats: Vec<i64> = places.clone().map(|(_, at, _)| at.micros()).collect();
    let ids: Vec<Uuid> = places.map(|(.., id)| id.uuid()).collect();
    let events: Vec<Json<&Event>> = writes.audited.values().map(|it| Json(*it)).collect();
    sqlx::query!(
        "INSERT INTO audited (channel, at, id, event) \
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::jsonb[]) \
         ON CONFLICT (channel, at, id) DO UPDATE SET event = excluded.event",
        &channels,
        &ats,
        &ids,
        &events as _
    )
    .execute(connection)
    .await?;
    Ok(())
}
