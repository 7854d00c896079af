//! What listeners hear: every line, once, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use greenroom_app::Refusal;
use greenroom_app::chat::post;
use greenroom_app::realtime::{
    JoinRoom, JoinedRoom, Listener, Published, Start, WireFormat, join_room,
};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{Place, RoomLog, Seq};
use greenroom_domain::shared::actor::{Actor, Identity};
use greenroom_domain::shared::id::{ChannelId, Ids};
use greenroom_testkit::SeededIds;
use greenroom_testkit::builders::guest_id;

use crate::support::{Ear, Platform, message};

const POSTERS: usize = 8;
const POSTS: usize = 500;
const LISTENERS: u64 = 20;
/// Enough for lines to be gathered.
const CROWD: usize = 80;

async fn listen(
    it: &Platform,
    room: ChannelId,
    start: Start,
    ear: &Arc<Ear>,
) -> Result<JoinedRoom, Refusal> {
    let gus = Actor::Guest(guest_id("gus"));
    let join = JoinRoom {
        channel: room,
        start,
        listener: ear.clone(),
    };
    join_room(&it.app, &gus, join).await
}

async fn head(it: &Platform, channel: &Channel) -> Place {
    let head = RoomLog::head(&*it.store, channel.id).await;
    head.expect("memory answers")
}

/// That these are consecutive.
fn assert_contiguous(places: &[Seq], behind: Seq) {
    for (place, expected) in places.iter().zip(behind.0 + 1..) {
        assert_eq!(place.0, expected, "after {behind:?}: {places:?}");
    }
}

/// Joins and leaves at random, with a place of its own, until it has heard the last line.
async fn come_and_go(it: Platform, channel: Channel, seed: u64, last: Seq) -> usize {
    let random = SeededIds::new(seed);
    let dice = || u64::from(random.secret()[0]);
    let (mut resumed, mut left_at) = (0, None);
    loop {
        let start = match left_at {
            Some(place) if dice() % 4 > 0 => Start::After(place),
            _ => {
                let head = head(&it, &channel).await;
                let back = dice() * dice() / 16;
                match dice() % 3 {
                    0 => Start::Now,
                    _ => Start::After(Place {
                        seq: Seq(head.seq.0.saturating_sub(back)),
                        ..head
                    }),
                }
            }
        };
        let ear = Ear::new();
        let joined = listen(&it, channel.id, start, &ear).await.expect("may");
        assert!(!joined.resync);
        if let Start::After(place) = start {
            assert_eq!(joined.from, place);
        }
        let until = Seq((joined.from.seq.0 + dice() * 4).min(last.0));
        if until > joined.from.seq {
            ear.hears(until).await;
        }
        drop(joined.subscription);
        let places = ear.places();
        assert_contiguous(&places, joined.from.seq);
        let stands = places.last().copied().unwrap_or(joined.from.seq);
        left_at = Some(Place {
            seq: stands,
            ..joined.from
        });
        resumed += 1;
        if stands >= last {
            return resumed;
        }
    }
}

#[test]
fn everybody_hears_every_line_once_and_in_order() {
    greenroom_testkit::run(everybody_hears_every_line(0));
}

#[test]
fn in_a_crowd_too_where_lines_are_gathered() {
    greenroom_testkit::run(everybody_hears_every_line(CROWD));
}

async fn everybody_hears_every_line(crowd: usize) {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let crowd = crowd_of(&it, channel.id, crowd).await;
    let last = Seq((POSTERS * POSTS) as u64);
    let mut listeners = tokio::task::JoinSet::new();
    for seed in 0..LISTENERS {
        listeners.spawn(come_and_go(it.clone(), channel.clone(), seed, last));
    }
    let whole = Ear::new();
    let stays = listen(&it, channel.id, Start::Now, &whole)
        .await
        .expect("may");
    let mut posters = tokio::task::JoinSet::new();
    for n in 0..POSTERS {
        let (it, room) = (it.clone(), channel.id);
        posters.spawn(async move {
            for text in 0..POSTS {
                // Guests of their own: nobody is too fast.
                let who = Actor::Guest(guest_id(&format!("{n} {}", text / 10)));
                let posted = it.say(&who, room, &text.to_string()).await;
                posted.expect("may chat");
            }
        });
    }
    posters.join_all().await;
    whole.hears(last).await;
    assert_contiguous(&whole.places(), Seq::ZERO);
    assert_eq!(whole.places().len(), POSTERS * POSTS);
    let resumed: usize = listeners.join_all().await.into_iter().sum();
    assert!(resumed > 20, "they came and went {resumed} times");
    assert_eq!(it.app.hub.listeners(channel.id), 1 + crowd.len());
    drop((stays, crowd));
    assert_eq!(it.app.hub.rooms(), 0);
}

/// Listeners who do nothing about it.
async fn crowd_of(it: &Platform, room: ChannelId, people: usize) -> Vec<JoinedRoom> {
    let mut crowd = Vec::new();
    for _ in 0..people {
        let join = JoinRoom {
            channel: room,
            start: Start::Now,
            listener: Arc::new(Deaf),
        };
        let joined = join_room(&it.app, &Actor::Guest(guest_id("gus")), join).await;
        crowd.push(joined.expect("may"));
    }
    crowd
}

struct Deaf;

#[async_trait]
impl Listener for Deaf {
    fn shut_out(&self, _: Identity) {}

    fn deliver(&self, _: &Arc<Published>) {}

    async fn catch_up(&self, _: Vec<Published>) {}
}

#[tokio::test(start_paused = true)]
async fn in_a_crowd_only_lines_that_follow_closely_wait_for_each_other() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let _crowd = crowd_of(&it, channel.id, CROWD).await;
    let ear = Ear::new();
    let _joined = listen(&it, channel.id, Start::Now, &ear)
        .await
        .expect("may");
    let say = async |text| it.say(&ada, channel.id, text).await.expect("hers");
    say("one").await;
    assert_eq!(ear.places(), [Seq(1)], "the first is shown at once");
    say("two").await;
    say("three").await;
    assert_eq!(ear.places(), [Seq(1)], "the next are gathered");
    ear.hears(Seq(3)).await;
    assert_eq!(ear.places(), [Seq(1), Seq(2), Seq(3)]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    say("four").await;
    assert_eq!(ear.places().len(), 4, "it follows nothing closely");
}

#[tokio::test]
async fn who_is_ahead_of_what_was_shown_hears_nothing_twice() {
    let it = Platform::new();
    let other = it.another("two");
    let (ada, channel) = it.creator("ada").await;
    let early = Ear::new();
    let _early = listen(&it, channel.id, Start::Now, &early)
        .await
        .expect("may");
    // Committed where this hub cannot tell; the log has it.
    let posted = other.say(&ada, channel.id, "elsewhere").await;
    let place = posted.expect("hers").line.place;
    let late = Ear::new();
    let _late = listen(&it, channel.id, Start::After(place), &late)
        .await
        .expect("may");
    let posted = it.say(&ada, channel.id, "here").await.expect("hers");
    let next = posted.line.place.seq;
    early.hears(next).await;
    late.hears(next).await;
    assert_eq!(early.places(), [place.seq, next]);
    assert_eq!(late.places(), [next]);
}

#[tokio::test(start_paused = true)]
async fn a_line_of_another_process_is_found_by_the_next_one() {
    let it = Platform::new();
    let other = it.another("two");
    let (_, channel) = it.creator("ada").await;
    let ear = Ear::new();
    let _listening = listen(&it, channel.id, Start::Now, &ear)
        .await
        .expect("may");
    for n in 0..600 {
        let who = Actor::Guest(guest_id(&format!("guest {n}")));
        other.say(&who, channel.id, "there").await.expect("may");
    }
    let gus = Actor::Guest(guest_id("gus"));
    let posted = it.say(&gus, channel.id, "here").await.expect("may");
    ear.hears(posted.line.place.seq).await;
    assert_contiguous(&ear.places(), Seq::ZERO);
    assert_eq!(ear.places().len(), 601);
}

#[tokio::test]
async fn a_post_whose_author_went_away_is_shown() {
    let it = Platform::new();
    let (_, channel) = it.creator("ada").await;
    let ear = Ear::new();
    let _listening = listen(&it, channel.id, Start::Now, &ear)
        .await
        .expect("may");
    let gus = Actor::Guest(guest_id("gus"));
    {
        let posting = post::execute(&it.app, &gus, message(channel.id, "hello"));
        tokio::pin!(posting);
        // Polled once: the commit is on its way, nobody waits for it.
        let once = std::future::poll_fn(|context| {
            std::task::Poll::Ready(posting.as_mut().poll(context).is_ready())
        });
        assert!(!once.await, "it was answered at once");
    }
    ear.hears(Seq(1)).await;
}

#[tokio::test]
async fn who_cannot_resume_is_told_and_begins_at_the_end() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let posted = it.say(&ada, channel.id, "hello").await.expect("hers");
    let place = posted.line.place;
    let lost = [
        Place {
            epoch: place.epoch + 1,
            ..place
        },
        Place {
            seq: Seq(u64::MAX),
            ..place
        },
    ];
    for place in lost {
        let ear = Ear::new();
        let joined = listen(&it, channel.id, Start::After(place), &ear)
            .await
            .expect("may");
        assert!(joined.resync);
        assert_eq!(joined.from, posted.line.place);
        assert!(ear.heard().is_empty());
    }
}

#[tokio::test]
async fn a_room_is_held_only_while_somebody_listens() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    it.say(&ada, channel.id, "hello").await.expect("hers");
    assert_eq!(it.app.hub.rooms(), 0);
    let start = Start::After(Place {
        seq: Seq::ZERO,
        ..head(&it, &channel).await
    });
    let one = listen(&it, channel.id, start, &Ear::new()).await;
    let two = listen(&it, channel.id, start, &Ear::new()).await;
    assert_eq!(
        (it.app.hub.rooms(), it.app.hub.listeners(channel.id)),
        (1, 2)
    );
    drop(one);
    assert_eq!(
        (it.app.hub.rooms(), it.app.hub.listeners(channel.id)),
        (1, 1)
    );
    drop(two);
    assert_eq!(
        (it.app.hub.rooms(), it.app.hub.listeners(channel.id)),
        (0, 0)
    );

    // Given up in the middle of catching up.
    let stuck: Arc<dyn Listener> = Arc::new(Stuck);
    let join = JoinRoom {
        channel: channel.id,
        start,
        listener: stuck,
    };
    let joining = join_room(&it.app, &ada, join);
    let given_up = tokio::time::timeout(Duration::from_millis(1), joining).await;
    assert!(given_up.is_err());
    assert_eq!(it.app.hub.rooms(), 0);
}

/// Never takes what it missed.
struct Stuck;

#[async_trait]
impl Listener for Stuck {
    fn shut_out(&self, _: Identity) {}

    fn deliver(&self, _: &Arc<Published>) {}

    async fn catch_up(&self, _: Vec<Published>) {
        std::future::pending::<()>().await;
    }
}

/// Encodes what it is given, as a transport does.
#[derive(Default)]
struct Encoder {
    format: usize,
    encoded: Arc<AtomicUsize>,
    heard: AtomicUsize,
}

#[async_trait]
impl Listener for Encoder {
    fn shut_out(&self, _: Identity) {}

    fn deliver(&self, published: &Arc<Published>) {
        let text: Arc<str> = published.encoded(WireFormat::new(self.format), |published| {
            self.encoded.fetch_add(1, Ordering::SeqCst);
            format!("{} {:?}", self.format, published.shown).into()
        });
        assert!(text.starts_with(&self.format.to_string()));
        self.heard.fetch_add(1, Ordering::SeqCst);
    }

    async fn catch_up(&self, _: Vec<Published>) {}
}

#[tokio::test]
async fn a_line_is_encoded_once_for_each_format() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let encoded = Arc::new(AtomicUsize::new(0));
    let mut listening = Vec::new();
    for n in 0..100 {
        let listener = Arc::new(Encoder {
            format: n % 2,
            encoded: encoded.clone(),
            heard: AtomicUsize::new(0),
        });
        let join = JoinRoom {
            channel: channel.id,
            start: Start::Now,
            listener: listener.clone(),
        };
        let joined = join_room(&it.app, &ada, join).await.expect("may");
        listening.push((listener, joined));
    }
    for text in ["one", "two", "three"] {
        it.say(&ada, channel.id, text).await.expect("hers");
    }
    for (listener, _) in &listening {
        while listener.heard.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(encoded.load(Ordering::SeqCst), 3 * 2);
}
