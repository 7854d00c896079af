//! What only this store can get wrong of follows, counts of followers and replies: batches,
//! several nodes, and what grows old.

use std::sync::Arc;
use std::time::Duration;

use greenroom_adapters_postgres::PgStore;
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::commit::{Changes, Commit, CommitError, CounterChange, StateChange};
use greenroom_domain::shared::once::{Once, Replies, Reply, RequestKey};
use greenroom_domain::shared::store::Version;
use greenroom_domain::social::{Follow, Follows, Notify};
use greenroom_testkit::builders::{channel_id, new, noon_plus, seen, stream_id, user_id, viewer};

use crate::support;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn follow(at: Timestamp) -> Follow {
    Follow {
        follower: user_id("bea"),
        channel: channel_id("ada"),
        notify: Notify::Live,
        at,
    }
}

fn came() -> Changes {
    Changes::new().counter(CounterChange::FollowerCame(channel_id("ada")))
}

fn went() -> Changes {
    Changes::new().counter(CounterChange::FollowerWent(channel_id("ada")))
}

fn request(n: usize) -> Once {
    Once {
        key: RequestKey::parse(&format!("request-{n}")).unwrap(),
        request: [7; 32],
    }
}

fn replies(n: usize, made: u32, at: Timestamp) -> Changes {
    Changes {
        reply: Some(request(n).reply(viewer("bea"), stream_id("ada", made).uuid(), at)),
        ..Changes::new()
    }
}

async fn reply(store: &PgStore, n: usize) -> Option<Reply> {
    let key = request(n).key;
    Replies::get(store, viewer("bea"), &key).await.unwrap()
}

/// Handed in at once they are one batch, or a few: it must not matter.
#[test]
fn what_comes_and_goes_in_one_batch_leaves_what_came_last() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        let (bea, ada) = (user_id("bea"), channel_id("ada"));
        let follows = |write| came().state(StateChange::Follow(write));
        let unfollows = |version| went().state(StateChange::Unfollowed(bea, ada, version));
        let again = Follow {
            notify: Notify::Nothing,
            ..follow(noon_plus(9))
        };
        let first = Version::NEW.next();
        for (n, changes) in [
            (
                0,
                vec![follows(new(follow(noon_plus(1)))), unfollows(first)],
            ),
            (
                1,
                vec![
                    follows(new(follow(noon_plus(2)))),
                    unfollows(first),
                    follows(new(follow(noon_plus(3)))),
                    Changes::new().state(StateChange::Follow(seen(again, first))),
                ],
            ),
            (
                1,
                vec![unfollows(first.next()), follows(new(follow(noon_plus(4))))],
            ),
            (0, vec![unfollows(first)]),
        ] {
            let commits = changes.into_iter().map(|changes| store.commit(changes));
            for kept in futures(commits).await {
                kept.unwrap();
            }
            assert_eq!(store.followers(&[ada]).await.unwrap(), [n]);
            assert_eq!(store.following(bea).await.unwrap(), n);
        }
        let refused = store.commit(unfollows(first)).await.unwrap_err();
        assert!(matches!(refused, CommitError::Conflict), "{refused:?}");
    });
}

/// All of them, begun in order before any is waited for.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(answer) = future.as_mut().poll(context)
            {
                *done = Some(answer);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[test]
fn a_count_of_followers_does_not_go_below_zero_on_its_way() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        for (moves, count) in [
            (
                vec![went(), came(), came(), went(), went(), went(), came()],
                1,
            ),
            (vec![came(), went(), came()], 2),
            (vec![went(), went(), went(), came()], 1),
        ] {
            let commits = moves.into_iter().map(|changes| store.commit(changes));
            for kept in futures(commits).await {
                kept.unwrap();
            }
            let counted = store.followers(&[channel_id("ada")]).await.unwrap();
            assert_eq!(counted, [count]);
        }
    });
}

#[test]
fn one_who_follows_at_two_nodes_at_once_follows_once() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let nodes = [
            support::open(&database).await,
            support::open(&database).await,
        ];
        let mut version = Version::NEW;
        for n in 1..=30 {
            let attempt = async |store: &PgStore| {
                let next = follow(noon_plus(n));
                let changes = came().state(StateChange::Follow(seen(next, version)));
                match store.commit(changes).await {
                    Ok(_) => 1,
                    Err(CommitError::Conflict) => 0,
                    Err(other) => panic!("{other:?}"),
                }
            };
            let (one, other) = tokio::join!(attempt(&nodes[0]), attempt(&nodes[1]));
            assert_eq!(one + other, 1, "one of them was first");
            let at = follow(noon_plus(n));
            let kept = Follows::get(&nodes[0], at.follower, at.channel)
                .await
                .unwrap();
            version = kept.unwrap().version;
            if n % 3 == 0 {
                let gone = StateChange::Unfollowed(at.follower, at.channel, version);
                nodes[1].commit(Changes::new().state(gone)).await.unwrap();
                version = Version::NEW;
            }
        }
        let counted = nodes[1].followers(&[channel_id("ada")]).await.unwrap();
        assert_eq!(counted, [30]);
    });
}

#[test]
fn a_request_at_two_nodes_at_once_is_answered_once() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let nodes = [
            Arc::new(support::open(&database).await),
            Arc::new(support::open(&database).await),
        ];
        let asking: Vec<_> = (1_u32..)
            .zip([&nodes[0], &nodes[1], &nodes[0], &nodes[1]])
            .map(|(asker, store)| {
                let store = Arc::clone(store);
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    for n in 0..40 {
                        let asked = store.commit(replies(n, asker, noon_plus(0)));
                        made.push(match asked.await {
                            Ok(_) => (true, stream_id("ada", asker).uuid()),
                            Err(CommitError::Answered(reply)) => (false, reply.made),
                            Err(other) => panic!("{other:?}"),
                        });
                    }
                    made
                })
            })
            .collect();
        let mut answers = Vec::new();
        for asker in asking {
            answers.push(asker.await.unwrap());
        }
        for n in 0..40 {
            let kept = reply(&nodes[0], n).await.unwrap().made;
            let of_all: Vec<_> = answers.iter().map(|made| made[n]).collect();
            assert!(of_all.iter().all(|(_, made)| *made == kept), "{of_all:?}");
            let firsts = of_all.iter().filter(|(is_first, _)| *is_first);
            assert_eq!(firsts.count(), 1, "{of_all:?}");
        }
    });
}

#[test]
fn replies_are_kept_for_a_day_and_then_go_a_few_at_a_time() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let store = support::open(&database).await;
        for n in 0..6 {
            store.commit(replies(n, 1, noon_plus(0))).await.unwrap();
        }
        let there = async || {
            let mut there = 0;
            for n in 0..6 {
                there += usize::from(reply(&store, n).await.is_some());
            }
            there
        };
        store
            .commit(replies(10, 1, noon_plus(0) + DAY))
            .await
            .unwrap();
        assert_eq!(there().await, 6, "not a moment too early");
        let later = noon_plus(1) + DAY;
        for (n, left) in [(11, 4), (12, 2), (13, 0), (14, 0)] {
            store.commit(replies(n, 1, later)).await.unwrap();
            assert_eq!(there().await, left, "a few at a time");
        }
        assert!(reply(&store, 10).await.is_some(), "it is younger");
        // Its name means nothing any more.
        store.commit(replies(0, 2, later)).await.unwrap();
        let made = reply(&store, 0).await.unwrap().made;
        assert_eq!(made, stream_id("ada", 2).uuid());
    });
}
