//! Who may come in with an encoder, and what becomes of keys.

use std::time::Duration;

use greenroom_domain::channel::{
    Channel, ChannelEdit, ChannelError, ChannelEvent, ChannelTitle, Description, Handle,
    IngestGate, KeyError, KeyLabel, KeySecret, Language, NewChannel, NewStreamKey, StreamKey, Tag,
    Tags,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::event::Happening;
use greenroom_domain::shared::id::{ChannelId, PictureId, StreamKeyId, UserId};
use greenroom_domain::shared::secret::{Mac, Sealed};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

#[test]
fn the_owners_end_holds_that_key_for_a_minute() {
    let held = channel().hold(key_id(1), NOW);
    let until = after(60);
    assert_eq!(
        held.admit(key_id(1), NOW),
        Err(ChannelError::Held { until })
    );
    assert_eq!(
        held.admit(key_id(1), after(59)),
        Err(ChannelError::Held { until })
    );
    assert_eq!(held.admit(key_id(1), until), Ok(()));
    assert_eq!(held.admit(key_id(2), NOW), Ok(()), "another key may");
}

#[test]
fn the_owner_starting_again_lifts_their_hold() {
    let reopened = channel().hold(key_id(1), NOW).reopen().expect("not locked");
    assert_eq!(reopened.gate, IngestGate::Open);
    assert_eq!(reopened.admit(key_id(1), NOW), Ok(()));
}

#[test]
fn an_administrators_lock_holds_until_it_is_lifted() {
    let locked = channel().lock(NOW);
    assert_eq!(
        locked.happened,
        [Happening::from(ChannelEvent::IngestLocked {
            channel: channel().id
        })]
    );
    let locked = locked.next;
    let much_later = after(1_000_000);
    assert_eq!(
        locked.admit(key_id(1), much_later),
        Err(ChannelError::Locked)
    );
    assert_eq!(locked.clone().reopen(), Err(ChannelError::Locked));
    assert_eq!(
        locked.clone().hold(key_id(1), NOW),
        locked,
        "the owner's hold does not weaken it"
    );
    let again = locked.clone().lock(much_later);
    assert!(again.is_unchanged());

    let unlocked = locked.unlock();
    assert!(!unlocked.is_unchanged());
    assert_eq!(unlocked.next.admit(key_id(1), NOW), Ok(()));
    assert!(unlocked.next.unlock().is_unchanged());
}

#[test]
fn a_hold_is_not_the_administrators_to_lift() {
    let held = channel().hold(key_id(1), NOW);
    let unlocked = held.clone().unlock();
    assert!(unlocked.is_unchanged());
    assert_eq!(unlocked.next, held);
}

#[test]
fn an_edit_changes_what_is_given_and_tells_of_it_once() {
    let edit = ChannelEdit {
        description: Some(Description::parse("About").expect("a description")),
        language: Some(Some(Language::parse("pt-BR").expect("a language"))),
        ..ChannelEdit::default()
    };
    let edited = channel().edit(edit.clone());
    assert_eq!(edited.next.title, channel().title);
    assert_eq!(edited.next.description.as_str(), "About");
    assert_eq!(edited.happened.len(), 1);
    assert!(edited.next.clone().edit(edit).is_unchanged());
    let cleared = edited.next.edit(ChannelEdit {
        language: Some(None),
        ..ChannelEdit::default()
    });
    assert_eq!(cleared.next.language, None);
}

#[test]
fn fields_take_what_they_say_and_no_more() {
    assert!(ChannelTitle::parse(&"é".repeat(120)).is_ok());
    assert!(ChannelTitle::parse(&"é".repeat(121)).is_err());
    assert!(ChannelTitle::parse("two\nlines").is_err());
    assert!(ChannelTitle::parse("  ").is_err());
    assert!(Description::parse("").is_ok());
    assert!(Description::parse(&"é".repeat(2001)).is_err());
    assert!(Description::parse("a\u{0}b").is_err());
    assert_eq!(Handle::parse("Ada-1").expect("folded").as_str(), "ada-1");
    for wrong in ["ab", "-ada", "ada lovelace", "ädä", &"a".repeat(33)] {
        assert!(Handle::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "e", "english", "en_US", "en-", "en-ninechars"] {
        assert!(Language::parse(wrong).is_err(), "{wrong}");
    }
    let tags = |n: usize| Tags::new((0..n).map(|n| Tag::parse(&format!("t{n}")).expect("a tag")));
    assert!(tags(10).is_ok());
    assert!(tags(11).is_err());
}

#[test]
fn a_rotated_key_is_found_by_its_new_hash_alone() {
    let rotated = key().rotate(Mac([2; 32]), Sealed(vec![2]), after(1));
    let rotated = rotated.expect("an active key rotates").next;
    assert_eq!(rotated.id, key().id);
    assert_eq!(rotated.hash(), Some(Mac([2; 32])));
    assert_eq!(rotated.sealed(), Ok(&Sealed(vec![2])));
    assert_eq!(rotated.created_at, key().created_at);
}

#[test]
fn a_revoked_key_never_works_again() {
    let revoked = key().revoke(after(1));
    assert!(!revoked.is_unchanged());
    let revoked = revoked.next;
    assert_eq!(revoked.hash(), None);
    assert_eq!(revoked.sealed(), Err(KeyError::Revoked));
    let rotated = revoked
        .clone()
        .rotate(Mac([2; 32]), Sealed(vec![2]), after(2));
    assert_eq!(rotated, Err(KeyError::Revoked));
    let again = revoked.clone().revoke(after(9));
    assert!(again.is_unchanged());
    assert_eq!(again.next, revoked, "the first time stays");
}

#[test]
fn a_secret_is_recognised_and_never_shown() {
    let secret = KeySecret::generate([0xAB; 32]);
    assert_eq!(secret.expose(), format!("gk_{}", "ab".repeat(32)));
    assert_eq!(KeySecret::parse(secret.expose()), Some(secret.clone()));
    for wrong in ["", "gk_", "gk_ab", &secret.expose().to_uppercase()] {
        assert_eq!(KeySecret::parse(wrong), None);
    }
    let shown = format!("{secret:?} {:?}", key());
    assert!(!shown.contains("abab") && !shown.contains("171"), "{shown}");
}

#[test]
fn another_cover_tells_of_the_one_that_nobody_shows_any_more() {
    let picture = |n| Some(PictureId::from_uuid(Uuid::from_u128(n)));
    let first = channel().show_cover(picture(1)).next;
    assert!(first.clone().show_cover(picture(1)).is_unchanged());
    let second = first.clone().show_cover(picture(2));
    let event = ChannelEvent::CoverChanged {
        channel: first.id,
        cover: picture(2),
        before: picture(1),
    };
    assert_eq!(second.happened, vec![event.into()]);
    assert_eq!(second.next.cover, picture(2));
}

fn channel() -> Channel {
    let new = NewChannel {
        id: ChannelId::from_uuid(Uuid::from_u128(1)),
        owner: UserId::from_uuid(Uuid::from_u128(2)),
        handle: Handle::parse("ada").expect("a handle"),
        title: ChannelTitle::parse("Making things").expect("a title"),
    };
    Channel::create(new, NOW).next
}

fn key() -> StreamKey {
    let new = NewStreamKey {
        id: key_id(1),
        channel: channel().id,
        label: KeyLabel::parse("OBS").expect("a label"),
        bound_to: None,
        hash: Mac([0xAB; 32]),
        sealed: Sealed(vec![0xAB; 8]),
    };
    StreamKey::create(new, NOW).next
}

fn key_id(n: u128) -> StreamKeyId {
    StreamKeyId::from_uuid(Uuid::from_u128(n))
}

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

#[test]
fn the_platforms_own_addresses_are_no_handles() {
    for taken in ["api", "Dashboard", "hls", "sign-in"] {
        assert!(Handle::parse(taken).is_err(), "{taken}");
    }
    assert!(Handle::parse("apiary").is_ok());
}
