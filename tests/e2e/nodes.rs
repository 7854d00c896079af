//! Several nodes on one PostgreSQL and one Redis are one platform.

use std::time::{Duration, Instant};

use greenroom_tests::api::Answer;
use greenroom_tests::chat::{ChatClients, Transport, check_log, check_view, log};
use greenroom_tests::cluster::Cluster;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::{probe, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
/// How long a change at one node may take to act at all.
const EVERYWHERE: Duration = Duration::from_secs(1);
/// A node that died is missed after its lease, and its streams are interrupted then.
const MISSED: Duration = Duration::from_secs(40);

#[tokio::test]
async fn what_is_said_and_done_at_one_node_holds_at_the_other() {
    let cluster = Cluster::start(2).await;
    let [here, there] = &cluster.nodes[..] else {
        unreachable!("two were started")
    };
    let channel = here.channel("kim").await;
    let (ann, ann_id) = there.user("ann").await;
    let mut publisher = Publish::default().to(&here.publish_url(&channel.key));
    let stream = there.until_ingest("kim", "publishing").await;

    let join = json!({ "streamId": stream });
    let mut ours = ChatClients::of(&here.http());
    let mut theirs = ChatClients::of(&there.http());
    ours.connect("owner", Transport::WebSocket, Some(&channel.token))
        .await;
    ours.connect("guest", Transport::Polling, None).await;
    theirs
        .connect("ann", Transport::WebSocket, Some(&ann))
        .await;
    theirs.connect("guest", Transport::Upgrade, None).await;
    ours.follow("owner", "join-stream", join.clone()).await;
    ours.follow("guest", "join-stream", join.clone()).await;
    theirs.follow("ann", "join-stream", join.clone()).await;
    theirs.follow("guest", "join-stream", join).await;

    // The audience is the platform's: two guests and ann.
    let path = format!("/api/v1/streams/{stream}");
    for node in [here, there] {
        let is_three = |answer: &Answer| (answer.json["viewers"] == 3).then_some(());
        node.api()
            .until(&path, "three watch", LIMIT, is_three)
            .await;
    }
    let is_three = |it: &Value| it["viewers"] == 3;
    ours.hears("owner", "viewer-joined", is_three).await;

    // Both talk at once: everybody has one order.
    let mut last = 0;
    for n in 0..8 {
        let send = json!({ "handle": "kim", "message": format!("number {n}") });
        let post = |client| json!({ "do": "post", "client": client, "payload": send });
        let one = ours.order(post("owner")).await;
        let other = theirs.order(post("ann")).await;
        for said in [ours.answer(one).await, theirs.answer(other).await] {
            last = last.max(said["seq"].as_u64().expect("a number"));
        }
    }
    for client in ["owner", "guest"] {
        ours.catches_up(client, last).await;
    }
    for client in ["ann", "guest"] {
        theirs.catches_up(client, last).await;
    }
    let kept = log(&here.api(), "kim").await;
    assert_eq!(kept, log(&there.api(), "kim").await);
    check_log(&kept);
    check_view("owner", &ours.view("owner"), &kept);
    check_view("guest here", &ours.view("guest"), &kept);
    check_view("ann", &theirs.view("ann"), &kept);
    check_view("guest there", &theirs.view("guest"), &kept);

    // Who is mentioned at one node is told at the other.
    let mention = json!({ "handle": "kim", "message": "look, @ann" });
    ours.does("owner", "send-message", mention).await;
    theirs
        .hears("ann", "notification", |it| it["type"] == "mentioned")
        .await;

    // A page that one node has shown is another as soon as it is changed at the other.
    let page = "/api/v1/channels/kim";
    there.api().get(page).await.expect(200);
    let edit = json!({ "title": "another title" });
    let owner = here.api_as(&channel.token);
    owner.patch(page, &edit).await.expect(200);
    let is_edited = |answer: &Answer| (answer.json["title"] == "another title").then_some(());
    there
        .api()
        .until(page, "it is edited", EVERYWHERE, is_edited)
        .await;

    // A ban at one node holds at the other within a second.
    let ban = json!({ "handle": "kim", "targetUserId": ann_id, "action": "ban" });
    let begun = Instant::now();
    ours.does("owner", "moderate-user", ban).await;
    theirs
        .hears("guest", "user-moderated", |it| it["action"] == "ban")
        .await;
    // And they themselves are told, wherever they are.
    theirs
        .hears("ann", "notification", |it| it["type"] == "restriction")
        .await;
    let said = json!({ "handle": "kim", "message": "but" });
    theirs.fails("ann", "send-message", said, "BANNED").await;
    assert!(begun.elapsed() < EVERYWHERE, "{:?}", begun.elapsed());

    // So does a key that is rotated at the node where nobody publishes.
    let path = format!("/api/v1/keys/{}/rotate", channel.key_id);
    let begun = Instant::now();
    let owner = there.api_as(&channel.token);
    owner.post(&path, &json!({})).await.expect(200);
    assert!(!publisher.ended(Duration::from_secs(5)).await.success());
    wait::until("the stream is interrupted", EVERYWHERE, async || {
        let shown = there.api().get("/api/v1/channels/kim").await;
        (shown.json["live"]["ingest"] == "interrupted").then_some(())
    })
    .await;
    assert!(begun.elapsed() < 2 * EVERYWHERE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_one_may_do_is_counted_over_all_nodes() {
    let cluster = Cluster::start(2).await;
    let [here, there] = &cluster.nodes[..] else {
        unreachable!("two were started")
    };
    here.channel("kim").await;
    let (ann, _) = here.user("ann").await;
    let (mut taken, mut refused) = (0, 0);
    // Ten messages in three seconds, wherever they are posted.
    for n in 0..16 {
        let node = if n % 2 == 0 { here } else { there };
        let post = json!({ "text": format!("number {n}") });
        let answer = node.api_as(&ann);
        match answer.post("/api/v1/channels/kim/chat", &post).await.status {
            201 => taken += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 0 && taken >= 10, "{taken} taken, {refused} not");
}

#[tokio::test]
async fn media_stay_at_the_node_of_their_encoder() {
    // As behind a load balancer: one address for people, and one for each node.
    let addresses = [
        ("GREENROOM_PUBLIC_URL", "http://tv.example.org"),
        ("GREENROOM_NODE__PUBLIC_URL", "http://127.0.0.1:{http}"),
    ];
    let cluster = Cluster::start_with(2, &addresses).await;
    let [here, there] = &cluster.nodes[..] else {
        unreachable!("two were started")
    };
    let channel = here.channel("kim").await;
    let publisher = Publish::default().to(&here.publish_url(&channel.key));
    there.until_ingest("kim", "publishing").await;
    // Asked at the other node, a player is sent to the right one, and plays.
    for url in [there.hls("kim"), there.dash("kim")] {
        let length = Duration::from_secs(3);
        let decoded = probe::decode(&url, length, Duration::from_secs(30)).await;
        let decoded = decoded.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(decoded.frames > 60, "{url}: {decoded:?}");
    }
    // Whoever asks for addresses is given that node's.
    let playback = there.api().get("/api/v1/channels/kim/playback").await;
    let playback = playback.expect(200);
    let port = format!(":{}/", here.http_port());
    assert!(playback.to_string().contains(&port), "{playback}");
    drop(publisher);
}

#[tokio::test]
async fn an_encoder_whose_node_died_goes_on_at_another() {
    let mut cluster = Cluster::start(2).await;
    let channel = cluster.nodes[0].channel("kim").await;
    let publisher = Publish::default().to(&cluster.nodes[0].publish_url(&channel.key));
    let stream = cluster.nodes[0].until_ingest("kim", "publishing").await;
    cluster.nodes[0].kill().await;
    drop(publisher);

    let there = &cluster.nodes[1];
    let shown = |answer: &Answer| {
        let live = &answer.json["live"];
        assert_eq!(live["id"], stream.as_str(), "it is live all the time");
        (live["ingest"] == "interrupted").then_some(())
    };
    let path = "/api/v1/channels/kim";
    there.api().until(path, "it is missed", MISSED, shown).await;
    let publisher = Publish::default().to(&there.publish_url(&channel.key));
    assert_eq!(there.until_ingest("kim", "publishing").await, stream);
    let length = Duration::from_secs(3);
    let decoded = probe::decode(&there.hls("kim"), length, Duration::from_secs(30)).await;
    assert!(decoded.expect("it plays").frames > 60);

    // The node that died comes back, and takes nothing from the other.
    cluster.nodes[0].restart().await;
    let back = &cluster.nodes[0];
    assert_eq!(back.until_ingest("kim", "publishing").await, stream);
    publisher.stop().await;
    assert_eq!(back.until_ended(&stream).await, "encoder_gone");
}
