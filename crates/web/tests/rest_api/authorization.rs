//! Who may do what: every route, every kind of actor.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{JPEG, PASSWORD, Server, text};

/// What a guest, a viewer, the owner and an administrator are answered.
type Expected = [u16; 4];

struct Row {
    method: &'static str,
    /// As the document has it.
    route: &'static str,
    /// The same with what is there: see [`Stage`].
    path: &'static str,
    body: Option<Value>,
    expected: Expected,
}

fn row(
    method: &'static str,
    route: &'static str,
    path: &'static str,
    body: Option<Value>,
    expected: Expected,
) -> Row {
    Row {
        method,
        route,
        path,
        body,
        expected,
    }
}

/// Anybody.
const OPEN: Expected = [200; 4];
/// Whoever has an account.
const ACCOUNT: Expected = [401, 200, 200, 200];
/// Whoever runs the channel.
const STAFF: Expected = [401, 403, 200, 200];
/// Its owner alone: nobody speaks or broadcasts for a creator.
const OWNER: Expected = [401, 403, 200, 403];
/// Its owner alone; to others it is not there.
const HIDDEN: Expected = [401, 404, 200, 404];
/// Administrators.
const ADMIN: Expected = [401, 403, 403, 200];

fn table() -> Vec<Row> {
    let mut rows = accounts();
    rows.extend(channels());
    rows.extend(streams());
    rows.extend(chat());
    rows
}

fn none() -> Option<Value> {
    None
}

/// Stands for a body that is a picture and no JSON.
fn picture() -> Value {
    json!("a picture")
}

fn accounts() -> Vec<Row> {
    let account = || Some(json!({ "username": "newcomer", "password": PASSWORD }));
    vec![
        row("get", "/setup", "/setup", none(), OPEN),
        row(
            "post",
            "/setup",
            "/setup",
            Some(json!({ "token": "gs_wrong", "username": "eve", "password": PASSWORD })),
            [403; 4],
        ),
        row("post", "/users", "/users", account(), [201; 4]),
        row("get", "/users", "/users", none(), ADMIN),
        row("get", "/users/{username}", "/users/ada", none(), OPEN),
        row(
            "put",
            "/users/{username}/creator",
            "/users/bob/creator",
            Some(json!({ "status": "approved" })),
            ADMIN,
        ),
        row(
            "post",
            "/sessions",
            "/sessions",
            Some(json!({ "username": "bob", "password": PASSWORD })),
            [201; 4],
        ),
        row(
            "get",
            "/sessions/current",
            "/sessions/current",
            none(),
            [200; 4],
        ),
        row(
            "delete",
            "/sessions/current",
            "/sessions/current",
            none(),
            [204; 4],
        ),
        row("get", "/me", "/me", none(), ACCOUNT),
        row(
            "patch",
            "/me",
            "/me",
            Some(json!({ "display_name": "Other" })),
            ACCOUNT,
        ),
        row(
            "put",
            "/me/password",
            "/me/password",
            Some(json!({ "old_password": PASSWORD, "new_password": "another long one" })),
            [401, 204, 204, 204],
        ),
        row("post", "/me/creator", "/me/creator", none(), ACCOUNT),
        row("put", "/me/avatar", "/me/avatar", Some(picture()), ACCOUNT),
        row("delete", "/me/avatar", "/me/avatar", none(), ACCOUNT),
    ]
}

fn channels() -> Vec<Row> {
    vec![
        row(
            "get",
            "/me/channel",
            "/me/channel",
            none(),
            [401, 404, 200, 404],
        ),
        row(
            "post",
            "/channels",
            "/channels",
            Some(json!({ "handle": "another", "title": "Mine" })),
            [401, 403, 409, 403],
        ),
        row("get", "/channels/{handle}", "/channels/ada", none(), OPEN),
        row(
            "patch",
            "/channels/{handle}",
            "/channels/ada",
            Some(json!({ "title": "Other" })),
            STAFF,
        ),
        row(
            "delete",
            "/channels/{handle}/ingest-lock",
            "/channels/ada/ingest-lock",
            none(),
            [401, 403, 403, 204],
        ),
        row(
            "post",
            "/channels/{handle}/keys",
            "/channels/ada/keys",
            Some(json!({ "label": "Second" })),
            [401, 403, 201, 403],
        ),
        row(
            "get",
            "/channels/{handle}/keys",
            "/channels/ada/keys",
            none(),
            OWNER,
        ),
        row(
            "get",
            "/keys/{id}/secret",
            "/keys/$key/secret",
            none(),
            HIDDEN,
        ),
        row(
            "post",
            "/keys/{id}/rotate",
            "/keys/$key/rotate",
            none(),
            HIDDEN,
        ),
        row("delete", "/keys/{id}", "/keys/$key", none(), HIDDEN),
        row(
            "put",
            "/channels/{handle}/cover",
            "/channels/ada/cover",
            Some(picture()),
            STAFF,
        ),
        row(
            "delete",
            "/channels/{handle}/cover",
            "/channels/ada/cover",
            none(),
            STAFF,
        ),
    ]
}

fn streams() -> Vec<Row> {
    vec![
        row("get", "/streams", "/streams", none(), OPEN),
        row("get", "/streams/{id}", "/streams/$live", none(), OPEN),
        row(
            "post",
            "/channels/{handle}/streams",
            "/channels/ada/streams",
            Some(json!({})),
            [401, 403, 201, 403],
        ),
        row(
            "get",
            "/channels/{handle}/streams",
            "/channels/ada/streams",
            none(),
            OPEN,
        ),
        row(
            "post",
            "/streams/{id}/start",
            "/streams/$live/start",
            none(),
            OWNER,
        ),
        row(
            "post",
            "/streams/{id}/end",
            "/streams/$live/end",
            none(),
            STAFF,
        ),
        row(
            "get",
            "/streams/{id}/ingest",
            "/streams/$live/ingest",
            none(),
            STAFF,
        ),
        row(
            "post",
            "/streams/{id}/join",
            "/streams/$live/join",
            none(),
            OPEN,
        ),
        row(
            "get",
            "/streams/{id}/viewers",
            "/streams/$live/viewers",
            none(),
            OPEN,
        ),
        row(
            "get",
            "/channels/{handle}/playback",
            "/channels/ada/playback",
            none(),
            OPEN,
        ),
    ]
}

fn chat() -> Vec<Row> {
    vec![
        row(
            "get",
            "/channels/{handle}/chat",
            "/channels/ada/chat",
            none(),
            OPEN,
        ),
        row(
            "post",
            "/channels/{handle}/chat",
            "/channels/ada/chat",
            Some(json!({ "text": "hi" })),
            [201; 4],
        ),
        row(
            "delete",
            "/channels/{handle}/chat/{seq}",
            "/channels/ada/chat/$message",
            none(),
            [401, 403, 204, 204],
        ),
        row(
            "get",
            "/channels/{handle}/chat/settings",
            "/channels/ada/chat/settings",
            none(),
            OPEN,
        ),
        row(
            "put",
            "/channels/{handle}/chat/settings",
            "/channels/ada/chat/settings",
            Some(
                json!({ "enabled": true, "guests": true, "slow_mode_seconds": null,
                "max_length": 100, "rate": "standard" }),
            ),
            STAFF,
        ),
        row(
            "get",
            "/channels/{handle}/chat/restrictions",
            "/channels/ada/chat/restrictions",
            none(),
            STAFF,
        ),
        row(
            "put",
            "/channels/{handle}/chat/restrictions/{subject}",
            "/channels/ada/chat/restrictions/$guest",
            Some(json!({ "kind": "ban" })),
            STAFF,
        ),
        row(
            "delete",
            "/channels/{handle}/chat/restrictions/{subject}",
            "/channels/ada/chat/restrictions/$guest",
            none(),
            [401, 403, 204, 204],
        ),
    ]
}

/// A server with a channel `ada` that is live, a viewer `bob`, an administrator, and a guest
/// who has said something.
struct Stage {
    server: Server,
    tokens: [Option<String>; 4],
    names: Vec<(&'static str, String)>,
}

impl Stage {
    async fn set() -> Self {
        let server = Server::start().await;
        let ada = server.creator("ada").await;
        let bob = server.user("bob").await;
        let root = server.admin().await;
        let key = server.post(Some(&ada), "/channels/ada/keys", json!({ "label": "OBS" }));
        let key = text(&key.await.expect(201), "/key/id");
        let live = server.live_stream(&ada, "ada").await;
        let said = server.post(None, "/channels/ada/chat", json!({ "text": "hi" }));
        let said = said.await.expect(201);
        let guest = text(&said, "/author/identity");
        let message = said["seq"].to_string();
        Self {
            server,
            tokens: [None, Some(bob), Some(ada), Some(root)],
            names: vec![
                ("$key", key),
                ("$live", live),
                ("$guest", guest),
                ("$message", message),
            ],
        }
    }

    async fn try_row(&self, row: &Row, actor: usize) -> u16 {
        let path = self
            .names
            .iter()
            .fold(row.path.to_owned(), |path, (name, is)| {
                path.replace(name, is)
            });
        let method = Method::from_bytes(row.method.to_uppercase().as_bytes()).expect("a method");
        let who = self.tokens[actor].as_deref();
        let answer = if row.body == Some(picture()) {
            self.server.upload(who, &path, "image/jpeg", JPEG).await
        } else {
            self.server.ask(method, who, &path, row.body.clone()).await
        };
        answer.status.as_u16()
    }
}

#[tokio::test]
async fn every_route_answers_every_actor_as_the_table_says() {
    let mut wrong = Vec::new();
    for row in table() {
        for (actor, name) in ["guest", "viewer", "owner", "admin"].iter().enumerate() {
            let stage = Stage::set().await;
            let (is, should) = (stage.try_row(&row, actor).await, row.expected[actor]);
            if is != should {
                let Row { method, route, .. } = row;
                wrong.push(format!("{method} {route} as {name}: {is}, not {should}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_route_of_the_document_is_in_the_table() {
    let document = serde_json::to_value(greenroom_web::rest::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    let tried: BTreeSet<(String, String)> = table()
        .iter()
        .map(|row| (row.method.to_owned(), format!("/api/v1{}", row.route)))
        .collect();
    assert_eq!(documented, tried);
}
