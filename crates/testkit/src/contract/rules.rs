//! Promises of `Commit`: rules that cannot be overtaken.

use std::sync::Arc;

use greenroom_domain::chat::{LineBody, NewLine, Seq};
use greenroom_domain::shared::commit::{Changes, CommitError, StateChange};
use greenroom_domain::shared::store::Version;

use super::lines::{after, head, says, text};
use super::{Subject, assert_refused, keep};
use crate::builders::{ban, channel, channel_id, creates_channel, message, room, seen, viewer};

/// A line that was checked by other rules than the room's is refused; one that was checked by
/// the room's, or that no rule can refuse, is not.
pub async fn old_rules_admit_nobody(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let checked_by = |version| {
        let line = message("ada", viewer("bea"), "hello").checked_by(Version(version));
        Changes::new().line(line.line())
    };
    keep(store, checked_by(1)).await;
    let ban = Changes::new()
        .state(StateChange::Room(seen(room("ada"), Version(1))))
        .state(StateChange::Restriction(ban("ada", viewer("bea"))));
    keep(store, ban).await;
    for other in [0, 1, 3] {
        assert_refused!(
            store.commit().commit(checked_by(other)).await,
            CommitError::PolicyMoved,
            "a line was taken by other rules than the room's"
        );
    }
    keep(store, checked_by(2)).await;
    keep(store, says("ada", "whatever the rules")).await;
    assert_eq!(head(store, "ada").await.seq, Seq(3));
}

/// While many post, a moderator changes the rules: behind the moderator's line nothing stands
/// that was checked by the rules before it.
pub async fn a_ban_is_not_overtaken(store: &Subject) {
    keep(store, creates_channel(&channel("ada"))).await;
    let posters: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                // Until after the last ban.
                while posts_by_the_rules(&store).await < Version(4) {}
            })
        })
        .collect();
    for (banned, messages) in [("troll-1", 5), ("troll-2", 15), ("troll-3", 30)] {
        while head(store, "ada").await.seq < Seq(messages) {
            tokio::task::yield_now().await;
        }
        bans(store, banned).await;
    }
    for poster in posters {
        poster.await.expect("a poster that does not panic");
    }
    let mut rules = 1;
    let mut messages = 0;
    for line in after(store, "ada", 0, 1_000_000).await {
        match line.body {
            LineBody::Restricted { .. } => rules += 1,
            _ => {
                assert_eq!(
                    text(&line),
                    rules.to_string(),
                    "the rules it was checked by"
                );
                messages += 1;
            }
        }
    }
    assert_eq!(rules, 4);
    assert!(
        messages > 30,
        "posts came before, between and after the bans"
    );
}

/// Answers with the version of the rules.
async fn posts_by_the_rules(store: &Subject) -> Version {
    loop {
        let read = store.moderation().room(channel_id("ada")).await;
        let rules = read.expect("a read").expect("the room is there").version;
        // As much time as a check takes: a ban comes between now and then.
        tokio::task::yield_now().await;
        let line = message("ada", viewer("bea"), &rules.0.to_string()).checked_by(rules);
        match store
            .commit()
            .commit(Changes::new().line(line.line()))
            .await
        {
            Ok(_) => return rules,
            Err(CommitError::PolicyMoved) => {}
            Err(other) => panic!("a poster may only meet new rules: {other:?}"),
        }
    }
}

async fn bans(store: &Subject, name: &str) {
    let read = store.moderation().room(channel_id("ada")).await;
    let rules = read.expect("a read").expect("the room is there");
    let restriction = ban("ada", viewer(name));
    let line = NewLine {
        room: restriction.room,
        at: restriction.at,
        body: LineBody::Restricted {
            subject: restriction.subject,
            name: None,
            kind: restriction.kind,
            reason: None,
        },
        policy_seen: None,
    };
    let changes = Changes::new()
        .state(StateChange::Room(seen(rules.value, rules.version)))
        .state(StateChange::Restriction(restriction))
        .line(line);
    keep(store, changes).await;
}
