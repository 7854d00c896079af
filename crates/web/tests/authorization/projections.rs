//! What is shown to some, and not to others who may ask too.

use serde_json::Value;

use crate::stage::Stage;
use crate::table::Actor;

const STAFF: [Actor; 3] = [Actor::Owner, Actor::Moderator, Actor::Admin];
const RUN_IT: [Actor; 2] = [Actor::Owner, Actor::Admin];
/// Whoever may read the chat.
const READ_IT: [Actor; 6] = [
    Actor::Owner,
    Actor::Moderator,
    Actor::Vip,
    Actor::Admin,
    Actor::Viewer,
    Actor::Guest,
];
/// Why somebody was banned on the [stage](Stage).
const REASON: &str = "for a reason";

#[tokio::test]
async fn reasons_are_for_staff() {
    let stage = Stage::set().await;
    for actor in READ_IT {
        let who = stage.token(actor);
        let told = stage.server.get(who, "/channels/ada/chat").await;
        let lines = "{ channel(handle: \"ada\") { chat { lines { edges { node { body { ... on \
                     ChatterRestricted { name reason } } } } } } } }";
        let asked = stage.graphql(actor, lines).await;
        for text in [told.text, asked.to_string()] {
            assert!(text.contains("banned"), "the line is there: {text}");
            assert_eq!(text.contains(REASON), STAFF.contains(&actor), "{actor:?}");
        }
    }
}

#[tokio::test]
async fn where_encoders_publish_to_is_for_whoever_runs_the_channel() {
    let stage = Stage::set().await;
    for actor in Actor::ALL {
        if actor == Actor::Expired {
            continue;
        }
        let channel = stage.server.get(stage.token(actor), "/channels/ada").await;
        let channel = channel.expect(200);
        let query = "{ channel(handle: \"ada\") { ingest { addresses { url } } } }";
        let asked = stage.graphql(actor, query).await;
        let runs = RUN_IT.contains(&actor);
        let by_rest = channel.get("ingest").is_some_and(Value::is_object);
        let by_graphql = asked["data"]["channel"]["ingest"].is_object();
        assert_eq!((by_rest, by_graphql), (runs, runs), "{actor:?}");
    }
}

#[tokio::test]
async fn everybody_is_told_what_they_are() {
    let stage = Stage::set().await;
    for (actor, is) in [
        (Actor::Owner, "owner"),
        (Actor::Moderator, "moderator"),
        (Actor::Vip, "vip"),
        (Actor::Admin, "admin"),
        (Actor::Viewer, "viewer"),
        // One is not told from the other.
        (Actor::Blocked, "banned"),
        (Actor::Banned, "banned"),
        (Actor::Guest, "guest"),
    ] {
        let me = stage
            .server
            .get(stage.token(actor), "/channels/ada/me")
            .await;
        assert_eq!(me.expect(200)["role"], is, "{actor:?}");
        let query = "{ channel(handle: \"ada\") { viewer { role } } }";
        let viewer = stage.graphql(actor, query).await["data"]["channel"]["viewer"].clone();
        assert_eq!(viewer["role"], is.to_uppercase(), "{actor:?}");
    }
}
