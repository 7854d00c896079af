//! The bus under strangers, overload and a Redis that goes away.

use std::time::{Duration, Instant};

use greenroom_adapters_redis::RedisBus;
use greenroom_domain::account::DisplayName;
use greenroom_domain::chat::{
    Badge, ChannelRole, ChatDelay, ChatSettings, Ephemeral, FollowAge, Line, LineBody, Place,
    Reaction, Seq,
};
use greenroom_domain::shared::bus::{Bus, Signal};
use greenroom_testkit::builders::{channel_id, guest, message, noon_plus, user_id, viewer};
use greenroom_testkit::servers::RedisServer;
use greenroom_testkit::{SeededIds, run};
use tokio::time::timeout;

use crate::{command, eventually, new_prefix, open, server};

#[test]
fn what_strangers_publish_is_skipped() {
    run(async {
        let prefix = new_prefix();
        let [one, other] = ends(server(), &prefix).await;
        let header = |schema: u8| {
            let mut bytes = vec![schema];
            bytes.extend([7; 24]);
            bytes
        };
        let garbage = [
            vec![],
            vec![1],
            header(1),
            header(2),
            [header(1), vec![0xc1; 100]].concat(),
            // Arrays in arrays.
            [header(1), vec![0x91; 100_000]].concat(),
            // A map that claims four thousand million entries, a text as long.
            [header(1), vec![0xdf, 0xff, 0xff, 0xff, 0xff]].concat(),
            [header(1), vec![0xdb, 0xff, 0xff, 0xff, 0xff]].concat(),
            vec![1; 4 * 1024 * 1024],
        ];
        let channel = format!("{prefix}bus:all");
        for bytes in &garbage {
            let heard = command(
                server().port(),
                &[b"PUBLISH", channel.as_bytes(), bytes.as_slice()],
            );
            assert_eq!(heard, ":2", "both listen");
        }
        one.tell(typing("gus"));
        assert_eq!(hear(&other).await, typing("gus"));
        assert_eq!(other.lost(), garbage.len() as u64);
    });
}

#[test]
fn what_moderators_and_fans_do_is_heard_as_it_was_told() {
    run(async {
        let [one, other] = ends(server(), &new_prefix()).await;
        let user = user_id("bob");
        let name = DisplayName::parse("Bob").unwrap();
        let settings = ChatSettings {
            delay: ChatDelay::new(4).ok(),
            followers_only: FollowAge::new(Duration::from_secs(600)).ok(),
            emotes_only: true,
            ..ChatSettings::default()
        };
        let mut said = message("ada", viewer("bob"), ":heart:").line().body;
        if let LineBody::Message(message) = &mut said {
            message.author.badges = vec![Badge::Moderator, Badge::Vip];
        }
        let role = |role| LineBody::RoleChanged {
            user,
            name: name.clone(),
            role,
        };
        let bodies = [
            said,
            LineBody::SettingsChanged(settings),
            LineBody::Pinned { target: Seq(1) },
            LineBody::Unpinned { target: Seq(1) },
            role(Some(ChannelRole::Moderator)),
            role(Some(ChannelRole::Vip)),
            role(None),
        ];
        let lines = bodies
            .into_iter()
            .zip(1..)
            .map(|(body, seq)| line(body, seq));
        let reaction = |text| Reaction::parse(text).unwrap();
        let reactions = Signal::Ephemeral {
            room: channel_id("ada"),
            what: Ephemeral::Reactions {
                counts: vec![(reaction("❤️"), 3), (reaction("🎉"), u32::MAX)],
            },
        };
        for told in lines.chain([reactions]) {
            one.tell(told.clone());
            assert_eq!(hear(&other).await, told);
        }
    });
}

#[test]
fn a_full_queue_blocks_nobody() {
    run(async {
        let [one, other] = ends(server(), &new_prefix()).await;
        let began = Instant::now();
        for _ in 0..50_000 {
            one.tell(typing("gus"));
        }
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(one.lost() > 0, "more than the queue holds");
        // Nobody hears at this end, so it fills up too.
        eventually("the other end is full", async || {
            one.tell(typing("gus"));
            other.lost() > 0
        })
        .await;
        assert_eq!(hear(&other).await, typing("gus"));
    });
}

#[test]
fn it_goes_on_when_redis_is_back() {
    run(async {
        let mut redis = RedisServer::start();
        let [one, other] = ends(&redis, &new_prefix()).await;
        one.tell(typing("gus"));
        assert_eq!(hear(&other).await, typing("gus"));
        redis.stop();
        for _ in 0..3000 {
            one.tell(typing("lost"));
        }
        eventually("what is told is lost", async || one.lost() == 3000).await;
        redis.start_again();
        let back = Instant::now();
        eventually("it is heard again", async || {
            one.tell(typing("dora"));
            let heard = timeout(Duration::from_millis(20), other.hear()).await;
            heard.is_ok_and(|heard| heard == typing("dora"))
        })
        .await;
        let took = back.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    });
}

#[test]
fn who_starts_while_redis_is_away_joins_when_it_is_there() {
    run(async {
        let mut redis = RedisServer::start();
        redis.stop();
        let [one, other] = ends(&redis, &new_prefix()).await;
        redis.start_again();
        eventually("it is heard", async || {
            one.tell(typing("gus"));
            let heard = timeout(Duration::from_millis(20), other.hear()).await;
            heard.is_ok()
        })
        .await;
    });
}

#[test]
fn nothing_stays_connected_that_is_not_used() {
    run(async {
        let redis = RedisServer::start();
        let connections = || {
            let list = command(redis.port(), &[b"CLIENT", b"LIST"]);
            // The length of a text of one line for each.
            list.trim_start_matches('$').parse::<usize>().unwrap() / 200
        };
        let alone = connections();
        let ends = ends(&redis, &new_prefix()).await;
        eventually("two for each end", async || connections() > alone + 2).await;
        drop(ends);
        eventually("all are closed", async || connections() == alone).await;
    });
}

async fn ends(redis: &RedisServer, prefix: &str) -> [RedisBus; 2] {
    let join = async |origin| {
        let redis = open(&redis.url(), prefix);
        RedisBus::join(redis, &SeededIds::new(origin)).await
    };
    [join(1).await, join(2).await]
}

async fn hear(end: &RedisBus) -> Signal {
    let heard = timeout(Duration::from_secs(10), end.hear()).await;
    heard.expect("a signal in time")
}

fn typing(name: &str) -> Signal {
    Signal::Ephemeral {
        room: channel_id("ada"),
        what: Ephemeral::Typing {
            who: guest(name),
            name: DisplayName::parse(name).unwrap(),
            active: true,
        },
    }
}

fn line(body: LineBody, seq: u64) -> Signal {
    Signal::Line {
        room: channel_id("ada"),
        line: Line {
            place: Place {
                epoch: 1,
                seq: Seq(seq),
            },
            at: noon_plus(seq),
            body,
        },
    }
}
