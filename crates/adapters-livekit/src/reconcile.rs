//! Compares LiveKit's lists with what is known, and mends what webhooks lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use greenroom_domain::shared::id::UserId;
use livekit_api::services::ingress::IngressListFilter;
use livekit_api::services::room::CreateRoomOptions;

use crate::LiveKit;
use crate::api::CallError;
use crate::rooms::Heard;
use crate::settle::warn;
use crate::token;

impl LiveKit {
    /// After this, what is known is what LiveKit says.
    pub(crate) async fn reconcile(self: &Arc<Self>) -> Result<(), CallError> {
        let known = self.rooms.lock().all();
        for room in &known {
            if self.rooms.lock().is_on_air(*room) {
                self.wanted.lock().expect(*room, Instant::now());
            }
        }
        let listed = self
            .api
            .answer(self.api.room().list_rooms(Vec::new()).await)?;
        let listed: HashSet<UserId> = listed
            .iter()
            .filter_map(|room| room.name.parse().ok())
            .collect();
        let rooms: HashSet<UserId> = listed.iter().copied().chain(known).collect();
        for room in rooms {
            // What failed the last time is tried again, too.
            self.rooms.lock().remind(room);
            self.hear(room, Heard::Unclear);
        }
        self.open_missing(&listed).await
    }

    /// Opens rooms in which somebody is expected: rooms that LiveKit lost, and those of encoders
    /// that may come whenever they like.
    async fn open_missing(&self, there: &HashSet<UserId>) -> Result<(), CallError> {
        let mut wanted: HashSet<UserId> = self.wanted.lock().expected(Instant::now());
        let ingresses = self.api.ingress().list_ingress(IngressListFilter::All);
        match self.api.answer(ingresses.await) {
            Ok(ingresses) => wanted.extend(
                ingresses
                    .iter()
                    .filter(|ingress| token::key_in(&ingress.participant_metadata).is_some())
                    .filter_map(|ingress| ingress.room_name.parse::<UserId>().ok()),
            ),
            Err(CallError::NoService(_)) => {}
            Err(error) => return Err(error),
        }
        for room in wanted.difference(there) {
            if !self.wanted.lock().is_held(*room, Instant::now())
                && let Err(error) = self.create_room(*room).await
            {
                warn(&error, "a room could not be opened");
            }
        }
        Ok(())
    }

    /// Opens a room for whoever is to publish.
    pub(crate) async fn open_room(&self, room: UserId) -> Result<(), CallError> {
        self.create_room(room).await?;
        self.wanted.lock().expect(room, Instant::now());
        Ok(())
    }

    /// A room that stays for a while when nobody is in it, so that an encoder may come back.
    async fn create_room(&self, room: UserId) -> Result<(), CallError> {
        let kept = u32::try_from(self.options.room_kept.as_secs()).unwrap_or(u32::MAX);
        let options = CreateRoomOptions {
            empty_timeout: kept,
            departure_timeout: kept,
            ..CreateRoomOptions::default()
        };
        let created = self
            .api
            .room()
            .create_room(&room.to_string(), options)
            .await;
        self.api.answer(created).map(drop)
    }
}
