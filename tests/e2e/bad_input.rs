//! Bad input of every kind against the running binary: a clear error, and nothing is lost.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use greenroom_tests::api::{Answer, Api};
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::{Server, holds};
use greenroom_tests::wait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(20);
const CHANNEL: &str = "/api/v1/channels/kim";
const CHAT: &str = "/api/v1/channels/kim/chat";
const JSON: (&str, &str) = ("content-type", "application/json");

async fn patch(api: &Api, body: &Value) -> Answer {
    api.patch(CHANNEL, body).await
}

#[tokio::test]
async fn a_body_that_does_not_fit_changes_nothing() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let kim = server.api_as(&channel.token);
    let before = kim.get(CHANNEL).await.expect(200);

    for broken in [
        "",
        "{",
        "{\"title\": \"a\",}",
        "\u{1}",
        "{\"title\": \"\\ud800\"}",
    ] {
        let answer = kim.raw("PATCH", CHANNEL, &[JSON], broken).await;
        answer.refused(400, "MALFORMED_BODY");
    }
    let not_utf8 = b"{\"title\": \"\xff\xfe\"}".to_vec();
    let answer = kim.raw("PATCH", CHANNEL, &[JSON], not_utf8).await;
    answer.refused(400, "MALFORMED_BODY");
    let answer = patch(&kim, &json!({ "titel": "a" })).await;
    assert_eq!(answer.refused(422, "UNKNOWN_FIELD")["field"], "titel");
    patch(&kim, &json!({ "title": 5 }))
        .await
        .refused(422, "WRONG_TYPE");
    patch(&kim, &json!(["a"])).await.refused(422, "WRONG_TYPE");
    let answer = kim.post("/api/v1/channels/kim/keys", &json!({})).await;
    assert_eq!(answer.refused(422, "MISSING_FIELD")["field"], "label");

    let answer = patch(&kim, &json!({ "title": "é".repeat(121) })).await;
    let details = answer.refused(422, "INVALID_FIELD");
    assert_eq!(details, &json!({ "field": "title", "max": 120 }));
    let tags: Vec<String> = (0..11).map(|n| format!("tag{n}")).collect();
    let answer = patch(&kim, &json!({ "tags": tags })).await;
    let details = answer.refused(422, "INVALID_FIELD");
    assert_eq!(details, &json!({ "field": "tags", "max": 10 }));

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = kim.raw("PATCH", CHANNEL, &form, "title=a").await;
    answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let answer = kim.raw("PATCH", CHANNEL, &[], "{\"title\":\"a\"}").await;
    answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let answer = patch(&kim, &json!({ "description": "a".repeat(1 << 20) })).await;
    answer.refused(413, "BODY_TOO_LARGE");
    assert_eq!(answer.header("connection"), "close");
    let answer = kim.raw("PUT", CHANNEL, &[JSON], "{}").await;
    assert_eq!(answer.status, 405, "{answer:?}");
    assert!(answer.json["code"].is_string(), "{answer:?}");

    assert_eq!(kim.get(CHANNEL).await.expect(200), before);
    // The longest that fits does.
    let fits = json!({ "title": "é".repeat(120), "tags": tags[..10] });
    patch(&kim, &fits).await.expect(200);
}

#[tokio::test]
async fn what_is_stale_ended_or_anothers_is_refused() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let kim = server.api_as(&channel.token);
    let (eve, _) = server.user("eve").await;
    let eve = server.api_as(&eve);

    // A stale version.
    let seen = kim.get(CHANNEL).await.header("etag").to_owned();
    let change = |title: &str| json!({ "title": title }).to_string();
    let versioned = [JSON, ("if-match", seen.as_str())];
    kim.raw("PATCH", CHANNEL, &versioned, change("First"))
        .await
        .expect(200);
    let stale = kim
        .raw("PATCH", CHANNEL, &versioned, change("Second"))
        .await;
    stale.refused(412, "STALE_VERSION");
    assert_eq!(kim.get(CHANNEL).await.expect(200)["title"], "First");

    // Somebody else's, and nobody's.
    for (path, body) in [
        (CHANNEL.to_owned(), json!({ "title": "Mine" })),
        (format!("{CHANNEL}/nothing"), json!({})),
    ] {
        let answer = eve.patch(&path, &body).await;
        assert!([403, 404].contains(&answer.status), "{answer:?}");
        answer.refused(
            answer.status,
            answer.json["code"].as_str().unwrap_or_default(),
        );
    }
    patch(&eve, &json!({ "title": "Mine" }))
        .await
        .refused(403, "FORBIDDEN");
    patch(&server.api(), &json!({ "title": "Mine" }))
        .await
        .refused(401, "SIGN_IN_FIRST");
    let key = format!("/api/v1/keys/{}", channel.key_id);
    for answer in [
        eve.get(&format!("{key}/secret")).await,
        eve.delete(&key).await,
        eve.post(&format!("{key}/rotate"), &json!({})).await,
    ] {
        answer.refused(404, "KEY_NOT_FOUND");
    }
    let listed = eve.get("/api/v1/channels/kim/keys").await;
    listed.refused(403, "FORBIDDEN");

    // A stream that is over.
    let streams = "/api/v1/channels/kim/streams";
    let stream = kim
        .post(streams, &json!({ "title": "Short" }))
        .await
        .expect(201);
    let stream = format!("/api/v1/streams/{}", stream["id"].as_str().expect("an id"));
    let early = eve.post(&format!("{stream}/join"), &json!({})).await;
    early.refused(409, "STREAM_NOT_LIVE");
    kim.post(&format!("{stream}/start"), &json!({}))
        .await
        .expect(200);
    eve.post(&format!("{stream}/end"), &json!({}))
        .await
        .refused(403, "FORBIDDEN");
    eve.post(&format!("{stream}/join"), &json!({}))
        .await
        .expect(200);
    kim.post(&format!("{stream}/end"), &json!({}))
        .await
        .expect(200);
    eve.post(&format!("{stream}/join"), &json!({}))
        .await
        .refused(410, "STREAM_ENDED");
    kim.post(&format!("{stream}/start"), &json!({}))
        .await
        .refused(410, "STREAM_ENDED");
    let late = json!({ "label": "Late", "stream_id": stream.rsplit('/').next() });
    let bound = kim.post("/api/v1/channels/kim/keys", &late).await;
    assert_eq!(bound.status, 410, "{bound:?}");

    // Its old key still opens the door, and Eve's attempts changed nothing.
    let secret = kim.get(&format!("{key}/secret")).await.expect(200);
    assert_eq!(secret["secret"], channel.key.as_str());
}

/// Sends a request line as it is; a client library would tidy it up. The status and the body.
async fn request(server: &Server, target: &str) -> (u16, String) {
    let address = (Ipv4Addr::LOCALHOST, server.http_port());
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let head = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LIMIT, socket.read_to_end(&mut answer)).await;
    read.expect("it answers").expect("it answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned())
}

/// Whether addresses below this are for people, and not for programs.
fn is_for_people(base: &str) -> bool {
    matches!(base, "/" | "/setup/")
}

#[tokio::test]
async fn no_path_leads_out() {
    let server = Server::start().await;
    let channel = server.channel("kim").await;
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    wait::until("it can be played", LIMIT, async || {
        let answer = server.api().try_get(&server.hls("kim")).await?;
        (answer.status == 200).then_some(())
    })
    .await;
    std::fs::write(server.data_dir().join("canary"), "the canary sings").expect("it is ours");
    let canaries = ["the canary sings", "root:", "[package]"];
    let names = [
        "../canary",
        "../../canary",
        "..%2fcanary",
        "%2e%2e%2fcanary",
        "%2e%2e/canary",
        "..%5ccanary",
        "%252e%252e%252fcanary",
        "....//canary",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "../../../../../../../../etc/passwd",
        "..%c0%af..%c0%afetc/passwd",
        "canary%00.m3u8",
        "%00",
        "secret.key",
        "../secret.key",
        "..%2fsecret.key",
    ];
    for base in [
        "/hls/",
        "/hls/kim/",
        "/hls/kim/g/x/",
        "/dash/",
        "/dash/kim/",
        "/api/v1/channels/",
        "/api/v1/streams/",
        "/api/v1/users/",
        "/setup/",
        "/api/docs/",
        "/",
    ] {
        for name in names {
            let (status, body) = request(&server, &format!("{base}{name}")).await;
            // Behind all else is the web interface, which shows its one page at any address.
            let is_page = status == 200 && body.contains("id=\"app\"");
            let refused = (400..500).contains(&status) || (is_page && is_for_people(base));
            assert!(refused, "{base}{name}: {status} {body}");
            for canary in canaries {
                assert!(!body.contains(canary), "{base}{name}: {body}");
            }
        }
    }
    // Names that a creator gives.
    let root = server.admin("root").await;
    let root = server.api_as(&root);
    root.post("/api/v1/me/creator", &json!({}))
        .await
        .expect(200);
    for handle in [
        "..", "../kim", "a/b", ".hidden", "a\0b", "%2e%2e", "c:\\x", "/abs",
    ] {
        let body = json!({ "handle": handle, "title": "Mine" });
        let answer = root.post("/api/v1/channels", &body).await;
        assert_eq!(
            answer.refused(422, "INVALID_FIELD")["field"],
            "handle",
            "{handle:?}"
        );
    }
    publisher.stop().await;
}

/// What the server tells anybody, a creator and an administrator, each with where that was.
async fn everything_shown(server: &Server, kim: &Api) -> Vec<(String, String)> {
    let admin = server.admin("root").await;
    let admin = server.api_as(&admin);
    let anybody = server.api();
    let mut shown = Vec::new();
    for path in [
        "/api/v1/streams",
        "/api/v1/users",
        "/api/v1/users/kim",
        "/api/v1/channels/kim",
        "/api/v1/channels/kim/keys",
        "/api/v1/channels/kim/streams",
        "/api/v1/channels/kim/playback",
        "/api/v1/channels/kim/chat",
        "/api/v1/me",
        "/api/openapi.json",
        "/metrics",
        "/healthz",
        "/readyz",
        "/hls/kim/index.m3u8",
        "/dash/kim/index.mpd",
    ] {
        for (who, api) in [("anybody", &anybody), ("owner", kim), ("admin", &admin)] {
            let answer = api.get(path).await;
            let headers = format!("{:?}", answer.headers);
            shown.push((format!("{path} as {who}"), answer.text + &headers));
        }
    }
    let playlist = anybody.get("/hls/kim/index.m3u8").await.text;
    let media = playlist
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty());
    let media = format!("/hls/kim/{}", media.expect("it names a rendition"));
    let media = anybody.get(&media).await;
    assert_eq!(media.status, 200, "{}", media.text);
    shown.push(("media playlist".to_owned(), media.text));
    shown.push((
        "user list".to_owned(),
        server.command(&["user", "list"]).await.to_string(),
    ));
    shown.push((
        "channel show".to_owned(),
        server
            .command(&["channel", "show", "kim"])
            .await
            .to_string(),
    ));
    shown
}

#[tokio::test]
async fn secrets_are_shown_to_nobody() {
    let mut server = Server::start_with(&[("GREENROOM_LOG__FILTER", "trace")]).await;
    let link = server
        .setup_link()
        .expect("an empty server prints it")
        .to_owned();
    let channel = server.channel("kim").await;
    let kim = server.api_as(&channel.token);
    let password = "a long enough password";
    let credentials = json!({ "username": "kim", "password": password });
    let session = server.api().post("/api/v1/sessions", &credentials).await;
    let cookie = session.header("set-cookie").to_owned();
    let session = session.expect(201)["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    wait::until("it can be played", LIMIT, async || {
        let answer = server.api().try_get(&server.hls("kim")).await?;
        (answer.status == 200).then_some(())
    })
    .await;
    // Whoever mistypes still typed a secret: wrong places, wrong requests.
    let wrong = format!("/api/v1/streams/{}", channel.key);
    server
        .api()
        .get(&wrong)
        .await
        .refused(404, "STREAM_NOT_FOUND");
    let mistyped = json!({ "username": "kim", "pasword": password });
    server
        .api()
        .post("/api/v1/sessions", &mistyped)
        .await
        .refused(422, "UNKNOWN_FIELD");
    let wrong_key = format!("{}x", channel.key);
    Publish {
        duration: Some(Duration::from_secs(1)),
        ..Publish::default()
    }
    .to(&server.publish_url(&wrong_key))
    .ended(LIMIT)
    .await;

    let master = std::fs::read_to_string(server.data_dir().join("secret.key"));
    let master = master.expect("it is in the data folder").trim().to_owned();
    let link = link.split_once('#').expect("it has a secret").1;
    assert!(cookie.contains(&session));
    let secrets = [
        ("stream key", channel.key.as_str()),
        ("bearer token", &channel.token),
        ("session token", &session),
        ("password", password),
        ("master key", &master),
        ("setup link", link),
    ];
    let mut shown = everything_shown(&server, &kim).await;
    publisher.stop().await;
    server.stop().await;
    shown.push(("the log".to_owned(), server.log()));
    for (what, secret) in secrets {
        for (place, text) in &shown {
            assert!(!text.contains(secret), "the {what} is in {place}");
        }
    }
    // What is kept is sealed or hashed.
    for (what, secret) in &secrets[..4] {
        assert!(
            !holds(&server.data_dir(), secret),
            "the {what} is on the disk"
        );
    }
    assert!(server.log().len() > 10_000, "the log was looked at");
}

/// A file system of its own for a data folder: small, so that it is soon full.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where this user may not mount one.
    fn mount(folder: &Path, mebibytes: u32) -> Option<Self> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(folder)
            .output()
            .ok()?;
        status.status.success().then(|| Self {
            folder: folder.to_owned(),
        })
    }
}

impl Drop for SmallDisk {
    /// Out of the tree at once; it is gone when the server has let go of it.
    fn drop(&mut self) {
        Command::new("umount")
            .arg("--lazy")
            .arg(&self.folder)
            .status()
            .ok();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep_and_goes_on() {
    let mut server = Server::start().await;
    server.stop().await;
    std::fs::remove_dir_all(server.data_dir()).expect("it is ours");
    std::fs::create_dir(server.data_dir()).expect("it is ours");
    let Some(disk) = SmallDisk::mount(&server.data_dir(), 80) else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    server.restart().await;
    let channel = server.channel("kim").await;
    let kim = server.api_as(&channel.token);
    let post =
        |n: u32| json!({ "text": format!("message {n}"), "client_message_id": n.to_string() });
    let mut kept = Vec::new();
    for n in 1..=5 {
        kept.push(kim.post(CHAT, &post(n)).await.expect(201)["seq"].clone());
    }
    let publisher = Publish::default().to(&server.publish_url(&channel.key));
    kim.until(CHANNEL, "it is live", LIMIT, |answer| {
        answer.json["live"]["id"].as_str().map(drop)
    })
    .await;

    let filler = disk.folder.join("filler");
    std::fs::write(&filler, vec![0; 20 << 20]).expect("there is room for it");
    // Refused, whatever it is; reading and playing go on.
    for n in 6..=8 {
        kim.post(CHAT, &post(n)).await.refused(507, "STORAGE_FULL");
    }
    patch(&kim, &json!({ "title": "Full" }))
        .await
        .refused(507, "STORAGE_FULL");
    let account = json!({ "username": "late", "password": "a long enough password" });
    server
        .api()
        .post("/api/v1/users", &account)
        .await
        .refused(507, "STORAGE_FULL");
    let history = kim.get(CHAT).await.expect(200);
    let messages = |history: &Value| -> Vec<Value> {
        let lines = history["lines"]
            .as_array()
            .expect("lines are a list")
            .iter();
        let messages = lines.filter(|line| line["type"] == "message");
        messages.map(|line| line["seq"].clone()).collect()
    };
    assert_eq!(messages(&history), kept);
    assert_eq!(
        kim.get(CHANNEL).await.expect(200)["live"]["ingest"],
        "publishing"
    );
    assert_eq!(kim.get("/hls/kim/index.m3u8").await.status, 200);

    // Space again: it goes on by itself, and a message that was refused is taken once.
    std::fs::remove_file(&filler).expect("it is ours");
    let seq = wait::until(
        "it takes messages again",
        Duration::from_secs(10),
        async || {
            let answer = kim.post(CHAT, &post(6)).await;
            (answer.status == 201).then(|| answer.json["seq"].clone())
        },
    )
    .await;
    kept.push(seq.clone());
    let again = kim.post(CHAT, &post(6)).await.expect(200);
    assert_eq!(again["seq"], seq);
    server.kill().await;
    server.restart().await;
    let history = server.api_as(&channel.token).get(CHAT).await.expect(200);
    assert_eq!(messages(&history), kept);
    drop(publisher);
    server.stop().await;
}
