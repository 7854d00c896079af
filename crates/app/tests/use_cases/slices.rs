//! A line belongs to the stream that was on air where it stands in the log, whoever is shown it,
//! and when.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::chat::configure;
use greenroom_app::realtime::{JoinRoom, JoinedRoom, Start, join_room};
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::{end, start};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{ChatDelay, ChatSettings, LineBody, Place, RoomLog, Seq};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::StreamId;
use greenroom_testkit::builders::guest_id;
use tokio::time::sleep;

use crate::support::{Ear, Platform, ticking};

type Told = Vec<(Seq, Option<StreamId>)>;

/// Somebody who listens, and behind which line they began.
struct Heard {
    ear: Arc<Ear>,
    after: Seq,
    _joined: JoinedRoom,
}

async fn listen(it: &Platform, who: &Actor, channel: &Channel, start: Start) -> Heard {
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start,
        listener: ear.clone(),
    };
    let joined = join_room(&it.app, who, join).await.expect("may");
    let after = joined.from.seq;
    Heard {
        ear,
        after,
        _joined: joined,
    }
}

/// Everybody is shown by then that it is so.
async fn delay(it: &Platform, owner: &Actor, channel: &Channel, seconds: Option<u16>) {
    let settings = ChatSettings {
        delay: seconds.map(|seconds| ChatDelay::new(seconds).expect("in range")),
        ..ChatSettings::default()
    };
    let done = configure::execute(&it.app, owner, &channel.handle, settings, None).await;
    done.expect("the owner may");
    sleep(Duration::from_secs(10)).await;
}

async fn head(it: &Platform, channel: &Channel) -> Place {
    it.store.head(channel.id).await.expect("memory answers")
}

/// Two streams, with talk before, during, between and behind them, a second between all of it;
/// after each line `look` is asked. Which line belongs to which stream.
async fn season(
    it: &Platform,
    ada: &Actor,
    channel: &Channel,
    mut look: impl AsyncFnMut(),
) -> Told {
    let mut told = Vec::new();
    let mut next = head(it, channel).await.seq;
    let mut note = |stream| {
        next = next.next();
        told.push((next, stream));
    };
    let mut n = 0;
    let mut say = async || {
        n += 1;
        let said = it.say_as(ada, channel.id, "hello", &format!("m{n}")).await;
        said.expect("she may");
    };
    say().await;
    note(None);
    look().await;
    for _ in 0..2 {
        let command = CreateStream {
            handle: channel.handle.clone(),
            title: None,
            category: None,
        };
        let planned = create::execute(&it.app, ada, command).await;
        let stream = planned.expect("hers").stream.id;
        start::execute(&it.app, ada, stream).await.expect("hers");
        note(Some(stream));
        look().await;
        for _ in 0..2 {
            say().await;
            note(Some(stream));
            look().await;
        }
        end::execute(&it.app, ada, stream).await.expect("hers");
        note(Some(stream));
        look().await;
        say().await;
        note(None);
        look().await;
    }
    told
}

fn behind(told: &Told, after: Seq) -> Told {
    let behind = told.iter().filter(|(seq, _)| *seq > after);
    behind.copied().collect()
}

#[tokio::test(start_paused = true)]
async fn a_line_is_of_the_stream_that_it_was_said_in_however_late_it_is_shown() {
    for seconds in [None, Some(5)] {
        let it = ticking();
        let (ada, channel) = it.creator("ada").await;
        delay(&it, &ada, &channel, seconds).await;
        let gus = Actor::Guest(guest_id("gus"));
        let began = head(&it, &channel).await;

        // Some are there all the time; others come in between, and begin where they are, or
        // where the first have begun.
        let mut heard = vec![
            listen(&it, &ada, &channel, Start::Now).await,
            listen(&it, &gus, &channel, Start::Now).await,
        ];
        let told = season(&it, &ada, &channel, async || {
            sleep(Duration::from_secs(1)).await;
            for who in [&ada, &gus] {
                heard.push(listen(&it, who, &channel, Start::Now).await);
                heard.push(listen(&it, who, &channel, Start::After(began)).await);
            }
        })
        .await;
        let (last, _) = *told.last().expect("something was said");
        assert!(matches!(
            it.store.line(channel.id, last).await,
            Ok(Some(line)) if matches!(line.body, LineBody::Message(_))
        ));
        for Heard { ear, after, .. } in &heard {
            if *after < last {
                ear.hears(last).await;
            }
            assert_eq!(ear.streams(), behind(&told, *after), "{seconds:?}");
        }

        // And whoever comes back later, from wherever, whether somebody is here or not.
        for is_held in [true, false] {
            if !is_held {
                heard.clear();
                assert_eq!(it.app.hub.rooms(), 0);
            }
            for (seq, _) in &told {
                let place = Place { seq: *seq, ..began };
                let back = listen(&it, &gus, &channel, Start::After(place)).await;
                assert_eq!(
                    back.ear.streams(),
                    behind(&told, *seq),
                    "{seconds:?} {seq:?}"
                );
            }
        }
    }
}

/// Nobody was there before them: viewers begin where others would be by then.
#[tokio::test(start_paused = true)]
async fn who_opens_a_room_finds_what_was_on_air_where_they_begin() {
    for opened in 0..9 {
        let it = ticking();
        let (ada, channel) = it.creator("ada").await;
        delay(&it, &ada, &channel, Some(5)).await;
        let mut looked = 0;
        let mut viewer = None;
        let told = season(&it, &ada, &channel, async || {
            sleep(Duration::from_secs(1)).await;
            if looked == opened {
                let gus = Actor::Guest(guest_id("gus"));
                viewer = Some(listen(&it, &gus, &channel, Start::Now).await);
            }
            looked += 1;
        })
        .await;
        let Heard { ear, after, .. } = &viewer.expect("it was opened");
        let (last, _) = *told.last().expect("something was said");
        ear.hears(last).await;
        assert_eq!(ear.streams(), behind(&told, *after), "{opened}");
    }
}
