//! A full disk, and others who are faster.

use greenroom_app::Refusal;
use greenroom_app::channel::edit::{self, EditChannel};
use greenroom_app::channel::{keys, view};
use greenroom_app::stream::{end, sweep};
use greenroom_domain::channel::ChannelEdit;
use greenroom_domain::chat::{RoomLog, Seq};
use greenroom_domain::media::PublishRefused;
use greenroom_domain::shared::feed::Feed;
use greenroom_testkit::builders::title;

use crate::support::{Platform, Trouble};

#[tokio::test]
async fn nothing_changes_on_a_full_disk_and_all_goes_on_after() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");
    it.lose(&lease).await;
    it.advance(30);
    let before = Feed::head(&*it.store).await.expect("memory answers");
    let edit = || EditChannel {
        handle: channel.handle.clone(),
        edit: ChannelEdit {
            title: Some(title("Now baking")),
            ..ChannelEdit::default()
        },
        seen: None,
    };

    it.commits.always(Some(Trouble::Full));
    let full = [
        it.register("bob").await.map(drop),
        it.say(&ada, channel.id, "hello").await.map(drop),
        edit::execute(&it.app, &ada, edit()).await.map(drop),
        keys::rotate(&it.app, &ada, key.key.id).await.map(drop),
        end::execute(&it.app, &ada, lease.stream).await.map(drop),
        sweep::due(&it.app).await.map(drop),
    ];
    for (n, refused) in full.iter().enumerate() {
        assert!(matches!(refused, Err(Refusal::Full)), "{n}: {refused:?}");
    }
    let refused = it.publish(&key.secret).await;
    assert!(matches!(refused, Err(PublishRefused::Unavailable(_))));
    assert!(
        it.media
            .calls()
            .iter()
            .all(|call| !matches!(call, greenroom_testkit::media::MediaCall::End(..)))
    );
    let after = Feed::head(&*it.store).await.expect("memory answers");
    assert_eq!(after, before);
    let seen = view::execute(&it.app, &channel.handle).await;
    assert_eq!(seen.expect("reading goes on").channel.value, channel);

    it.commits.always(None);
    it.register("bob").await.expect("the name is still free");
    let posted = it.say(&ada, channel.id, "hello").await.expect("hers");
    let line = it.store.line(channel.id, posted.line.place.seq).await;
    assert_eq!(line.expect("memory answers"), Some(posted.line.clone()));
    assert!(posted.line.place.seq > Seq::ZERO);
    edit::execute(&it.app, &ada, edit()).await.expect("hers");
    assert_eq!(sweep::due(&it.app).await.expect("swept"), 1);
    it.publish(&key.secret)
        .await
        .expect("the key was not rotated");
}

#[tokio::test(start_paused = true)]
async fn who_is_too_late_decides_again_a_few_times() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let edit = |name: &str| EditChannel {
        handle: channel.handle.clone(),
        edit: ChannelEdit {
            title: Some(title(name)),
            ..ChannelEdit::default()
        },
        seen: None,
    };
    it.commits.next([Trouble::Conflict; 4]);
    edit::execute(&it.app, &ada, edit("Fifth time lucky"))
        .await
        .expect("in the end");
    it.commits.next([Trouble::Conflict; 5]);
    let refused = edit::execute(&it.app, &ada, edit("Never")).await;
    assert!(matches!(refused, Err(Refusal::Contended)));
    let seen = view::execute(&it.app, &channel.handle).await;
    let seen = seen.expect("there").channel.value.clone();
    assert_eq!(seen.title, title("Fifth time lucky"));
}

#[tokio::test]
async fn edits_at_once_all_happen() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let edit = |n: usize| {
        let (it, ada, channel) = (it.clone(), ada, channel.clone());
        async move {
            let command = EditChannel {
                handle: channel.handle.clone(),
                edit: ChannelEdit {
                    title: Some(title(&format!("Title {n}"))),
                    ..ChannelEdit::default()
                },
                seen: None,
            };
            edit::execute(&it.app, &ada, command).await
        }
    };
    let (one, two, three) = tokio::join!(edit(1), edit(2), edit(3));
    let versions = [one, two, three].map(|it| it.expect("hers").version.0);
    let mut sorted = versions;
    sorted.sort_unstable();
    assert_eq!(sorted, [2, 3, 4]);
}
