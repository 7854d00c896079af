//! A delayed chat: its staff see it at once, everybody else later.

use std::sync::Arc;
use std::time::Duration;

use greenroom_app::chat::history::{self, History, Part};
use greenroom_app::chat::restrict::{self, Restrict};
use greenroom_app::chat::{appoint, configure, delete, pin};
use greenroom_app::realtime::{JoinRoom, JoinedRoom, Shown, Start, join_room};
use greenroom_domain::channel::Channel;
use greenroom_domain::chat::{
    ChannelRole, ChatDelay, ChatSettings, Content, Line, LineBody, Place, RoomLog, Seq,
};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::PageLimit;
use greenroom_testkit::builders::{guest, guest_id};
use tokio::time::{Instant, sleep};

use crate::support::{Ear, Platform, Running, RuntimeClock, ticking};

/// How late somebody is shown at most what is due.
const MOMENT: Duration = Duration::from_millis(100);

fn gus() -> Actor {
    Actor::Guest(guest_id("gus"))
}

async fn set(it: &Platform, owner: &Actor, channel: &Channel, seconds: Option<u16>) {
    let settings = ChatSettings {
        delay: seconds.map(|seconds| ChatDelay::new(seconds).expect("in range")),
        ..ChatSettings::default()
    };
    let done = configure::execute(&it.app, owner, &channel.handle, settings, None).await;
    done.expect("the owner may");
}

async fn listen(
    it: &Platform,
    who: &Actor,
    channel: &Channel,
    start: Start,
) -> (Arc<Ear>, JoinedRoom) {
    let ear = Ear::new();
    let join = JoinRoom {
        channel: channel.id,
        start,
        listener: ear.clone(),
    };
    let joined = join_room(&it.app, who, join).await;
    (ear, joined.expect("may"))
}

async fn read(it: &Platform, who: &Actor, channel: &Channel, part: Part) -> History {
    let limit = PageLimit::default();
    let history = history::execute(&it.app, who, &channel.handle, part, limit).await;
    history.expect("may")
}

fn places(lines: &[Line]) -> Vec<u64> {
    lines.iter().map(|line| line.place.seq.0).collect()
}

fn heard(ear: &Ear) -> Vec<u64> {
    places(&ear.lines())
}

/// A channel whose chat is delayed, and whose first line says so.
async fn delayed(it: &Platform, seconds: u16) -> (Actor, Channel) {
    let (ada, channel) = it.creator("ada").await;
    set(it, &ada, &channel, Some(seconds)).await;
    sleep(Duration::from_secs(u64::from(seconds) + 1)).await;
    (ada, channel)
}

#[tokio::test(start_paused = true)]
async fn the_staff_are_shown_at_once_what_viewers_are_shown_when_it_is_due() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 5).await;
    let bob = it.user("bob").await;
    let moderator = it.user("moe").await;
    let (role, mo) = (ChannelRole::Moderator, moderator.user().expect("a user"));
    let appointed = appoint::execute(&it.app, &ada, channel.id, mo, role).await;
    appointed.expect("hers");
    sleep(Duration::from_secs(6)).await;

    let mut staff = Vec::new();
    for who in [&ada, &moderator] {
        staff.push(listen(&it, who, &channel, Start::Now).await);
    }
    let mut viewers = Vec::new();
    for who in [&bob, &gus()] {
        viewers.push(listen(&it, who, &channel, Start::Now).await);
    }
    let began = Instant::now();
    let posted = it.say_as(&bob, channel.id, "hello", "m1").await;
    let line = posted.expect("he is answered at once").line;
    for (ear, _) in &staff {
        assert_eq!(ear.lines(), std::slice::from_ref(&line));
    }
    sleep(Duration::from_millis(4_999)).await;
    for (ear, _) in &viewers {
        assert!(ear.lines().is_empty(), "it is not due");
    }
    for (ear, _) in &viewers {
        ear.hears(line.place.seq).await;
        assert_eq!(
            ear.lines(),
            std::slice::from_ref(&line),
            "as it was said, by its name"
        );
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(5) + MOMENT);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_before_it_is_due_is_never_shown() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 5).await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    let secret = it.say(&gus(), channel.id, "secret").await.expect("may");
    sleep(Duration::from_millis(4_990)).await;
    let target = secret.line.place.seq;
    delete::execute(&it.app, &ada, channel.id, target)
        .await
        .expect("hers");
    let deletion = target.next();
    viewer.hears(target).await;
    let (late, _late) = listen(&it, &gus(), &channel, Start::After(before(&secret.line))).await;
    assert_eq!(heard(&viewer), [target.0], "in its place");
    assert_eq!(heard(&late), [target.0]);
    viewer.hears(deletion).await;
    late.hears(deletion).await;
    for ear in [viewer, late] {
        assert_eq!(heard(&ear), [target.0, deletion.0]);
        assert!(!format!("{:?}", ear.lines()).contains("secret"));
        assert!(matches!(
            &ear.lines()[0].body,
            LineBody::Message(message) if message.content == Content::Deleted
        ));
    }
}

fn before(line: &Line) -> Place {
    Place {
        seq: Seq(line.place.seq.0 - 1),
        ..line.place
    }
}

#[tokio::test(start_paused = true)]
async fn history_and_pins_end_where_viewers_are() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 5).await;
    // Held by a listener, and by nobody.
    for is_held in [true, false] {
        let held = listen(&it, &gus(), &channel, Start::Now).await;
        let _held = is_held.then_some(held);
        let old = it.say(&ada, channel.id, "old").await.expect("hers").line;
        sleep(Duration::from_secs(6)).await;
        let new = it.say(&ada, channel.id, "new").await.expect("hers").line;
        for target in [old.place.seq, new.place.seq] {
            let pinned = pin::execute(&it.app, &ada, channel.id, target).await;
            pinned.expect("hers");
        }
        let (old_seq, new_seq) = (old.place.seq.0, new.place.seq.0);

        let seen = read(&it, &gus(), &channel, Part::Newest).await;
        assert_eq!(seen.lines.last(), Some(&old));
        assert_eq!(seen.head, old.place);
        let seen = read(&it, &gus(), &channel, Part::Before(Seq(99))).await;
        assert_eq!(seen.lines.last(), Some(&old));
        let seen = read(&it, &gus(), &channel, Part::After(before(&old))).await;
        assert_eq!(seen.lines, std::slice::from_ref(&old));
        // Who has seen more waits for the rest, and does not begin anew.
        let seen = read(&it, &gus(), &channel, Part::After(new.place)).await;
        assert_eq!((seen.lines, seen.resync), (vec![], false));
        assert_eq!(seen.head, new.place);

        let seen = read(&it, &ada, &channel, Part::Newest).await;
        assert_eq!(
            places(&seen.lines).last(),
            Some(&(new_seq + 2)),
            "and the pins' lines"
        );

        let pins = async |who: &Actor| {
            let pins = pin::list(&it.app, who, &channel.handle).await;
            let lines = pins.expect("may").into_iter().map(|pinned| pinned.line);
            places(&lines.collect::<Vec<_>>())
        };
        assert_eq!(pins(&gus()).await, [old_seq]);
        assert_eq!(pins(&ada).await, [old_seq, new_seq]);
        sleep(Duration::from_secs(6)).await;
        assert_eq!(pins(&gus()).await, [old_seq, new_seq]);
        for target in [old.place.seq, new.place.seq] {
            let end = pin::end(&it.app, &ada, channel.id, target).await;
            end.expect("hers");
        }
        sleep(Duration::from_secs(6)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_hidden_part_of_the_log_is_cut_where_it_should_be() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 60).await;
    let say = async |n: u64| {
        let who = Actor::Guest(guest_id(&format!("guest {}", n / 10)));
        let posted = it.say(&who, channel.id, "hello").await;
        posted.expect("may").line.place.seq
    };
    let mut last = Seq::ZERO;
    for n in 0..1_500 {
        last = say(n).await;
    }
    sleep(Duration::from_secs(50)).await;
    for n in 1_500..3_000 {
        say(n).await;
    }
    assert_eq!(
        read(&it, &gus(), &channel, Part::Newest).await.head.seq.0,
        1,
        "nothing is due but the settings"
    );
    sleep(Duration::from_secs(11)).await;
    let head = read(&it, &gus(), &channel, Part::Newest).await.head;
    assert_eq!(head.seq, last);
    let (ear, joined) = listen(&it, &gus(), &channel, Start::Now).await;
    assert_eq!(joined.from, head);
    let all = RoomLog::head(&*it.store, channel.id).await.expect("memory");
    sleep(Duration::from_secs(60)).await;
    let expected: Vec<u64> = (last.0 + 1..=all.seq.0).collect();
    assert_eq!(heard(&ear), expected);
    drop(joined);

    // Resumed from far back: what is due at once, the rest when it is.
    let from = Place { seq: Seq(1), ..all };
    let newest = it.say(&ada, channel.id, "newest").await.expect("hers").line;
    let (ear, _joined) = listen(&it, &gus(), &channel, Start::After(from)).await;
    assert_eq!(ear.places().last(), Some(&all.seq));
    sleep(Duration::from_secs(61)).await;
    assert_eq!(heard(&ear), (2..=newest.place.seq.0).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_delay_is_set_shortened_and_cleared_while_people_listen() {
    let it = ticking();
    let (ada, channel) = it.creator("ada").await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    let (staff, _working) = listen(&it, &ada, &channel, Start::Now).await;
    let say = async |text: &str| {
        let posted = it.say(&ada, channel.id, text).await;
        posted.expect("hers").line.place.seq.0
    };
    let first = say("first").await;
    assert_eq!(heard(&viewer), [first]);
    set(&it, &ada, &channel, Some(60)).await;
    sleep(Duration::from_secs(10)).await;
    say("second").await;
    assert_eq!((heard(&viewer).len(), heard(&staff).len()), (1, 3));

    set(&it, &ada, &channel, Some(5)).await;
    sleep(MOMENT).await;
    assert_eq!(heard(&viewer), [1, 2], "what is due by now");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(heard(&viewer), [1, 2, 3, 4]);

    say("third").await;
    sleep(Duration::from_secs(3)).await;
    set(&it, &ada, &channel, Some(30)).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(heard(&viewer).len(), 4, "it waits for longer");
    set(&it, &ada, &channel, None).await;
    sleep(MOMENT).await;
    assert_eq!(heard(&viewer), [1, 2, 3, 4, 5, 6, 7]);
    say("at once").await;
    assert_eq!(heard(&viewer), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(heard(&staff), heard(&viewer));
}

#[tokio::test(start_paused = true)]
async fn many_lines_that_are_due_at_once_come_in_portions() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 60).await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    for n in 0..2_000 {
        let who = Actor::Guest(guest_id(&format!("guest {}", n / 10)));
        it.say(&who, channel.id, "hello").await.expect("may");
    }
    set(&it, &ada, &channel, None).await;
    let mut before = 0;
    loop {
        sleep(Duration::from_millis(25)).await;
        let now = viewer.places().len();
        assert!(now - before <= 64, "nobody's queue is flooded");
        before = now;
        if now == 2_001 {
            break;
        }
    }
    assert_eq!(heard(&viewer), (2..=2_002).collect::<Vec<_>>());
    it.say(&ada, channel.id, "now").await.expect("hers");
    assert_eq!(viewer.places().last(), Some(&Seq(2_003)), "at once again");
}

#[tokio::test(start_paused = true)]
async fn who_is_banned_goes_at_once_and_who_is_dismissed_sees_no_more_than_others() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 30).await;
    let moderator = it.user("moe").await;
    let mo = moderator.user().expect("a user");
    appoint::execute(&it.app, &ada, channel.id, mo, ChannelRole::Moderator)
        .await
        .expect("hers");
    sleep(Duration::from_secs(31)).await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    let (working, _working) = listen(&it, &moderator, &channel, Start::Now).await;
    let ban = Restrict {
        channel: channel.id,
        subject: guest("gus"),
        timeout: None,
        reason: None,
    };
    restrict::execute(&it.app, &ada, ban).await.expect("hers");
    assert_eq!(viewer.shut_out(), [guest("gus")]);
    assert!(viewer.lines().is_empty(), "the line is not due");
    assert_eq!(working.places().len(), 1);

    appoint::end(&it.app, &ada, channel.id, mo, None)
        .await
        .expect("hers");
    let posted = it.say(&ada, channel.id, "behind his back").await;
    let seq = posted.expect("hers").line.place.seq;
    assert_eq!(working.places().len(), 1, "{:?}", working.lines());
    working.hears(seq).await;
    let seqs = heard(&working);
    assert_eq!(seqs, (seq.0 - 2..=seq.0).collect::<Vec<_>>(), "none twice");
}

#[tokio::test(start_paused = true)]
async fn a_line_waits_for_no_longer_than_the_delay_whatever_its_stamp_is() {
    let it = ticking();
    let (_, channel) = delayed(&it, 5).await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    // Said where the clock is ahead by an hour.
    let ahead = it.with_clock(RuntimeClock {
        noon: Instant::now(),
        ahead: Duration::from_secs(3_600),
    });
    let who = Actor::Guest(guest_id("from the future"));
    let posted = ahead.say(&who, channel.id, "hello").await;
    let line = posted.expect("may").line;
    assert!(line.at > it.app.now() + Duration::from_secs(3_000));
    let next = it.say(&gus(), channel.id, "now").await.expect("may").line;
    let began = Instant::now();
    viewer.hears(next.place.seq).await;
    assert_eq!(viewer.lines(), [line, next]);
    assert!(began.elapsed() < Duration::from_secs(5) + MOMENT);
}

#[tokio::test(start_paused = true)]
async fn each_node_delays_for_its_own_listeners_however_lines_come() {
    let it = ticking();
    let other = it.another("two");
    let running = [Running::of(&it), Running::of(&other)];
    let (ada, channel) = delayed(&it, 5).await;
    let (viewer, _viewing) = listen(&other, &gus(), &channel, Start::Now).await;
    let (staff, _working) = listen(&other, &ada, &channel, Start::Now).await;
    for is_cut in [false, true] {
        if is_cut {
            other.bus.cut();
        }
        let began = Instant::now();
        let kept = it.say(&ada, channel.id, "kept").await.expect("hers").line;
        let gone = it.say(&ada, channel.id, "secret").await.expect("hers").line;
        staff.hears(gone.place.seq).await;
        assert!(began.elapsed() < Duration::from_secs(1), "at once");
        sleep(Duration::from_millis(4_900).saturating_sub(began.elapsed())).await;
        assert!(!viewer.places().contains(&kept.place.seq));
        delete::execute(&it.app, &ada, channel.id, gone.place.seq)
            .await
            .expect("hers");
        viewer.hears(gone.place.seq).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(5) + MOMENT);
        sleep(Duration::from_secs(6)).await;
    }
    assert_eq!(heard(&viewer), [2, 3, 4, 5, 6, 7]);
    assert!(!format!("{:?}", viewer.lines()).contains("secret"));

    // Set at one node, the delay holds at the other.
    set(&it, &ada, &channel, None).await;
    viewer.hears(Seq(8)).await;
    let line = it
        .say(&ada, channel.id, "at once")
        .await
        .expect("hers")
        .line;
    let began = Instant::now();
    viewer.hears(line.place.seq).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_worth_nothing_later_is_shown_at_once() {
    let it = ticking();
    let (ada, channel) = delayed(&it, 60).await;
    let (viewer, _viewing) = listen(&it, &gus(), &channel, Start::Now).await;
    greenroom_app::chat::typing::execute(&it.app, &ada, channel.id, true)
        .await
        .expect("may");
    assert!(matches!(viewer.heard()[..], [Shown::Ephemeral(_)]));
}
