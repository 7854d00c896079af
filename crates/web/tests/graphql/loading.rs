//! A page of streams costs a constant number of reads, whatever is asked of each.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use greenroom_app::{App, Ports};
use greenroom_domain::account::{CreatorStatus, Subject, User, Username, Users};
use greenroom_domain::channel::{Channel, Channels, Handle};
use greenroom_domain::chat::{Appointment, Moderation, Restriction, Room};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::{ChannelId, StreamId, UserId};
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};
use greenroom_domain::social::{Block, Blocks, Follow, Follows};
use greenroom_domain::stream::{Audience, Presence, Stream, StreamCounts, Streams, Via};
use greenroom_testkit::builders::node_id;
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Server, config};

/// Ports that remember what they are asked.
struct Counting {
    ports: Ports,
    asked: Mutex<Vec<&'static str>>,
}

macro_rules! counting {
    ($($port:ident: $trait:ident { $(fn $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* })*) => {$(
        #[async_trait]
        impl $trait for Counting {
            $(async fn $name(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                self.asked.lock().push(concat!(stringify!($trait), "::", stringify!($name)));
                self.ports.$port.$name($($arg),*).await
            })*
        }
    )*};
}

counting! {
    users: Users {
        fn get(id: UserId) -> Option<Stored<User>>;
        fn get_many(ids: &[UserId]) -> Vec<User>;
        fn by_username(username: &Username) -> Option<Stored<User>>;
        fn by_subject(subject: &Subject) -> Option<Stored<User>>;
        fn list(creator: Option<CreatorStatus>, page: &PageRequest)
            -> Result<Page<User>, UnknownCursor>;
        fn has_administrator() -> bool;
    }
    channels: Channels {
        fn get(id: ChannelId) -> Option<Stored<Channel>>;
        fn get_many(ids: &[ChannelId]) -> Vec<Channel>;
        fn by_handle(handle: &Handle) -> Option<Stored<Channel>>;
        fn by_owner(owner: UserId) -> Option<Stored<Channel>>;
        fn list(page: &PageRequest) -> Result<Page<Channel>, UnknownCursor>;
    }
    streams: Streams {
        fn get(id: StreamId) -> Option<Stored<Stream>>;
        fn live_of(channel: ChannelId) -> Option<Stored<Stream>>;
        fn live() -> Vec<Stored<Stream>>;
        fn due(now: Timestamp, limit: usize) -> Vec<Stored<Stream>>;
        fn of_channel(channel: ChannelId, page: &PageRequest)
            -> Result<Page<Stream>, UnknownCursor>;
        fn counts(ids: &[StreamId]) -> Vec<StreamCounts>;
    }
    presence: Presence {
        fn renew(stream: StreamId, who: Identity, via: Via, until: Timestamp) -> ();
        fn leave(stream: StreamId, who: Identity, via: Via) -> ();
        fn audience(stream: StreamId, now: Timestamp) -> Audience;
        fn counts(streams: &[StreamId], now: Timestamp) -> Vec<u64>;
        fn participants(stream: StreamId, now: Timestamp, limit: usize) -> Vec<Identity>;
        fn clear(stream: StreamId) -> ();
    }
    follows: Follows {
        fn get(follower: UserId, channel: ChannelId) -> Option<Stored<Follow>>;
        fn among(follower: UserId, channels: &[ChannelId]) -> Vec<Follow>;
        fn of_user(follower: UserId, page: &PageRequest) -> Result<Page<Follow>, UnknownCursor>;
        fn following(follower: UserId) -> u64;
        fn of_channel(channel: ChannelId, page: &PageRequest)
            -> Result<Page<Follow>, UnknownCursor>;
        fn followers(channels: &[ChannelId]) -> Vec<u64>;
    }
    moderation: Moderation {
        fn room(channel: ChannelId) -> Option<Stored<Room>>;
        fn restriction(room: ChannelId, subject: Identity) -> Option<Restriction>;
        fn restrictions_of(subject: Identity, rooms: &[ChannelId]) -> Vec<Restriction>;
        fn restrictions(room: ChannelId, after: Option<Identity>, limit: usize)
            -> Vec<Restriction>;
        fn appointment(channel: ChannelId, user: UserId) -> Option<Appointment>;
        fn appointments_of(user: UserId, channels: &[ChannelId]) -> Vec<Appointment>;
        fn appointments(channel: ChannelId) -> Vec<Appointment>;
    }
    blocks: Blocks {
        fn get(blocker: UserId, subject: UserId) -> Option<Block>;
        fn among(blockers: &[UserId], subject: UserId) -> Vec<Block>;
        fn of_user(blocker: UserId, after: Option<UserId>, limit: usize) -> Vec<Block>;
    }
}

/// How many streams the page has, and what a store was asked for it.
async fn page(server: &Server, viewer: &str, first: usize) -> (usize, Vec<&'static str>) {
    let ports = server.app.ports.clone();
    let counting = Arc::new(Counting {
        ports: ports.clone(),
        asked: Mutex::default(),
    });
    let ports = Ports {
        users: counting.clone(),
        channels: counting.clone(),
        streams: counting.clone(),
        presence: counting.clone(),
        follows: counting.clone(),
        moderation: counting.clone(),
        blocks: counting.clone(),
        ..ports
    };
    let app = App::new(node_id("one"), ports, server.app.settings.clone());
    let query = format!(
        "{{ liveStreams(first: {first}) {{ edges {{ node {{ id title viewers peakViewers channel \
         {{ handle viewerIsStaff viewerFollows viewer {{ role follow {{ notify }} restriction {{ until }} }} followerCount owner {{ username }} live {{ id viewers }} }} }} }} }} }}"
    );
    let request = http::Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {viewer}"))
        .body(Body::from(json!({ "query": query }).to_string()))
        .unwrap();
    let response = greenroom_web::router(app, &config())
        .oneshot(request)
        .await
        .unwrap();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let edges = answer["data"]["liveStreams"]["edges"].as_array();
    let edges = edges.unwrap_or_else(|| panic!("{answer}"));
    for edge in edges {
        let node = &edge["node"];
        assert_eq!(node["id"], node["channel"]["live"]["id"]);
        assert_eq!(
            node["channel"]["handle"],
            node["channel"]["owner"]["username"]
        );
        assert_eq!(node["channel"]["viewerFollows"], true);
        assert_eq!(node["channel"]["viewer"]["role"], "VIEWER");
        assert_eq!(node["channel"]["followerCount"], 1);
    }
    (edges.len(), std::mem::take(&mut *counting.asked.lock()))
}

#[tokio::test]
async fn fifty_streams_cost_no_more_reads_than_a_few() {
    let server = Server::start().await;
    let viewer = server.user("viewer").await;
    for n in 0..50 {
        let name = format!("creator{n}");
        let token = server.creator(&name).await;
        server.live_stream(&token, &name).await;
        let follow = format!("/channels/{name}/follow");
        let follow = server.ask(Method::PUT, Some(&viewer), &follow, None).await;
        follow.expect(200);
        // Nobody follows so much at once.
        server.clock.advance(Duration::from_secs(60));
    }
    let (one, for_one) = page(&server, &viewer, 1).await;
    let (fifty, for_fifty) = page(&server, &viewer, 50).await;
    assert_eq!((one, fifty), (1, 50));
    assert_eq!(
        for_fifty.len(),
        for_one.len(),
        "for one {for_one:?}, for fifty {for_fifty:?}"
    );
}
