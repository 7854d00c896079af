//! What encoders are given: an ingress each for RTMP and WHIP, or where there is no ingress
//! service a token for WHIP to the server itself.

use std::time::Duration;

use greenroom_domain::media::{
    EngineSecret, IngestCredential, KeyOfChannel, KeyVersion, SeatRequest, SeatRole, Tab,
};
use greenroom_domain::shared::id::StreamKeyId;
use livekit_api::services::ingress::{CreateIngressOptions, IngressListFilter};
use livekit_protocol::{IngressInfo, IngressInput};

use crate::LiveKit;
use crate::api::CallError;
use crate::identity;
use crate::token;

/// As long as the ingress service's own.
const ENCODER_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const WHIP: &str = "whip";
const KINDS: [(IngressInput, &str); 2] = [
    (IngressInput::RtmpInput, "rtmp"),
    (IngressInput::WhipInput, WHIP),
];

impl LiveKit {
    /// What is there for a key; what is missing is made.
    pub(crate) async fn credentials(
        &self,
        of: KeyOfChannel,
    ) -> Result<Vec<IngestCredential>, CallError> {
        self.open_room(of.owner).await?;
        let room = IngressListFilter::Room(of.owner.to_string());
        let listed = self.api.ingress().list_ingress(room).await;
        let there = match self.api.answer(listed) {
            Ok(there) => there,
            Err(CallError::NoService(_)) => return Ok(self.direct(of).into_iter().collect()),
            Err(error) => return Err(error),
        };
        let mark = token::metadata_of(of.key);
        let mut credentials = Vec::new();
        for (kind, protocol) in KINDS {
            let found = there.iter().find(|ingress| {
                ingress.input_type() == kind && ingress.participant_metadata == mark
            });
            let ingress = match found {
                Some(ingress) => ingress.clone(),
                None => self.create_ingress(of, kind).await?,
            };
            // A server that was not told its address cannot say it.
            if !ingress.url.is_empty() {
                credentials.push(IngestCredential {
                    protocol,
                    url: ingress.url,
                    secret: EngineSecret::new(ingress.stream_key),
                    expires_at: None,
                });
            }
        }
        Ok(credentials)
    }

    /// Deletes what was made for a key.
    pub(crate) async fn withdraw(&self, key: StreamKeyId) -> Result<(), CallError> {
        let listed = self.api.ingress().list_ingress(IngressListFilter::All);
        let there = match self.api.answer(listed.await) {
            Ok(there) => there,
            Err(CallError::NoService(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        for ingress in there {
            let made_for = token::key_in(&ingress.participant_metadata);
            if made_for.is_some_and(|made| made.key == key) {
                let deleted = self.api.ingress().delete_ingress(&ingress.ingress_id).await;
                self.api.gone(deleted.map(drop))?;
            }
        }
        Ok(())
    }

    async fn create_ingress(
        &self,
        of: KeyOfChannel,
        kind: IngressInput,
    ) -> Result<IngressInfo, CallError> {
        let mark = token::metadata_of(of.key);
        let options = CreateIngressOptions {
            name: mark.clone(),
            room_name: of.owner.to_string(),
            participant_identity: identity::of_seat(of.owner, publisher(of.key), Tab::Only),
            participant_metadata: mark,
            // RTMP's sound is AAC, which browsers do not take by WebRTC.
            enable_transcoding: (kind == IngressInput::RtmpInput).then_some(true),
            ..CreateIngressOptions::default()
        };
        let created = self.api.ingress().create_ingress(kind, options).await;
        self.api.answer(created)
    }

    /// Straight to the server.
    fn direct(&self, of: KeyOfChannel) -> Option<IngestCredential> {
        let seat = SeatRequest {
            channel: of.channel,
            owner: of.owner,
            role: publisher(of.key),
            tab: Tab::Only,
        };
        let (token, _) = token::for_seat(self.options.keys(), &seat, ENCODER_LIFETIME).ok()?;
        Some(IngestCredential {
            protocol: WHIP,
            url: self.options.whip(),
            secret: EngineSecret::new(token),
            expires_at: Some(self.clock.now() + ENCODER_LIFETIME),
        })
    }
}

fn publisher(key: KeyVersion) -> SeatRole {
    SeatRole::Publisher(key)
}
