//! The OpenAPI document is true: schemathesis asks for everything that it describes, with what
//! fits and what does not, and holds every answer against it.

use std::process::Stdio;
use std::time::Duration;

use greenroom_tests::ffmpeg::{Publish, Publisher};
use greenroom_tests::server::{Channel, Server};
use greenroom_tests::tools;
use serde_json::json;
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(180);

/// A server with something of everything that can be asked for.
struct Populated {
    server: Server,
    channel: Channel,
    stream: String,
    viewer: String,
    _publisher: Publisher,
}

impl Populated {
    async fn start() -> Self {
        // Each request names an address of its own: limits by address would hide the rest.
        let proxies = [("GREENROOM_HTTP__TRUSTED_PROXIES", "[\"127.0.0.1\"]")];
        let server = Server::start_with(&proxies).await;
        let channel = server.channel("ann").await;
        let publisher = Publish::default().to(&server.publish_url(&channel.key));
        let stream = server.until_ingest("ann", "publishing").await;
        let (_, viewer) = server.user("bob").await;
        let populated = Self {
            server,
            channel,
            stream,
            viewer,
            _publisher: publisher,
        };
        populated.fill_the_room().await;
        populated
    }

    /// A line of each kind that the owner can make.
    async fn fill_the_room(&self) {
        let owner = self.server.api_as(&self.channel.token);
        let chat = "/api/v1/channels/ann/chat";
        for text in ["stays", "goes"] {
            owner.post(chat, &json!({ "text": text })).await.expect(201);
        }
        let lines = owner.get(chat).await.expect(200);
        let last = lines["lines"].as_array().and_then(|lines| lines.last());
        let seq = last.map(|line| &line["seq"]).expect("it was said");
        owner.delete(&format!("{chat}/{seq}")).await.expect(204);
        let restriction = format!("{chat}/restrictions/user:{}", self.viewer);
        let timeout = json!({ "kind": "timeout", "seconds": 60, "reason": "spam" });
        owner.put(&restriction, &timeout).await.expect(200);
        owner.delete(&restriction).await.expect(204);
        owner.put(&restriction, &timeout).await.expect(200);
        let title = json!({ "title": "Other", "category": "Music", "tags": ["live"] });
        owner
            .patch("/api/v1/channels/ann", &title)
            .await
            .expect(200);
    }

    /// Asks for everything, in the name of a token's holder or as a guest.
    async fn hold_to_the_document(&self, token: Option<&str>) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let given = tools::workspace().join("tests/schemathesis");
        let mut command = Command::new("python3");
        command
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(given.join("config.toml"))
            .args(["run", "--no-color"])
            .arg(self.server.url("/api/v1/openapi.json"))
            .env("PYTHONPATH", tools::schemathesis())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("HOOKS", given.join("hooks.py"))
            .env("HANDLE", &self.channel.handle)
            .env("USERNAME", "bob")
            .env("SUBJECT", format!("user:{}", self.viewer))
            .env("STREAM", &self.stream)
            .env("KEY", &self.channel.key_id)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(token) = token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        let output = tokio::time::timeout(LIMIT, command.output())
            .await
            .expect("it ends")
            .expect("python3 starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{complained}");
        // It has not skipped everything and found nothing wrong.
        assert!(said.contains("✅ Fuzzing"), "{said}");
        assert!(!self.server.has_logged("panicked"));
    }
}

#[tokio::test]
async fn guests_are_answered_as_the_document_says() {
    let populated = Populated::start().await;
    populated.hold_to_the_document(None).await;
}

#[tokio::test]
async fn a_channels_owner_is_answered_as_the_document_says() {
    let populated = Populated::start().await;
    let owner = populated.channel.token.clone();
    populated.hold_to_the_document(Some(&owner)).await;
}

#[tokio::test]
async fn administrators_are_answered_as_the_document_says() {
    let populated = Populated::start().await;
    let admin = populated.server.admin("root").await;
    populated.hold_to_the_document(Some(&admin)).await;
}
