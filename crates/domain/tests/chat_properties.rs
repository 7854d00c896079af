//! Whatever somebody types, and however fast, the chat's rules hold.

use std::time::Duration;

use greenroom_domain::access::Standing;
use greenroom_domain::channel::{ChannelTitle, Tag, Tags};
use greenroom_domain::chat::{
    ChatSettings, ClientMessageId, MAX_MESSAGE_BYTES, MessageText, Place, PostRefused,
    RestrictionKind, Room, Seq, Speaker, mentions,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::rate::{Quota, TokenBucket};
use proptest::collection::vec;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

/// Text made of what is hard to cut: marks that combine, flags, families, blanks.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,8}",
        Just("e\u{301}\u{323}".to_owned()),
        Just("🇺🇳🇦".to_owned()),
        Just("👨‍👩‍👧‍👦".to_owned()),
        Just("\u{200D}".to_owned()),
        Just(" \r\n\t".to_owned()),
        Just("한\u{1100}\u{1161}".to_owned()),
    ];
    vec(part, 0..60).prop_map(|parts| parts.concat())
}

fn quota() -> impl Strategy<Value = Quota> {
    (1..=100_u32, 1..=600_u64).prop_map(|(burst, seconds)| Quota {
        burst,
        per: Duration::from_secs(seconds),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_is_cut_between_characters_and_only_when_it_is_too_long(
        raw in text(),
        max in 1..=ChatSettings::LONGEST,
        small in any::<bool>(),
    ) {
        let max = if small { max % 20 + 1 } else { max };
        let shown: String =
            raw.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let trimmed = shown.trim();
        match MessageText::parse(&raw, max) {
            Err(refused) => {
                let expected = if raw.len() > MAX_MESSAGE_BYTES {
                    PostRefused::TooLarge { max_bytes: MAX_MESSAGE_BYTES }
                } else {
                    PostRefused::Empty
                };
                prop_assert_eq!(refused, expected);
                prop_assert!(trimmed.is_empty() || raw.len() > MAX_MESSAGE_BYTES);
            }
            Ok(MessageText { text, truncated }) => {
                let max = usize::from(max);
                prop_assert_eq!(truncated, trimmed.graphemes(true).count() > max);
                prop_assert!(text.graphemes(true).count() <= max);
                prop_assert!(!text.is_empty());
                if truncated {
                    let kept = text.strip_suffix('…').expect("an ellipsis where it was cut");
                    prop_assert!(trimmed.starts_with(kept));
                    let whole: String = trimmed.graphemes(true).take(max - 1).collect();
                    prop_assert_eq!(kept, whole.trim_end(), "no character is split");
                } else {
                    prop_assert_eq!(&text, trimmed, "as it was sent");
                }
            }
        }
    }

    #[test]
    fn what_is_too_large_is_refused_unread(more in 1..100_usize) {
        let raw = "a".repeat(MAX_MESSAGE_BYTES + more);
        prop_assert_eq!(
            MessageText::parse(&raw, 1000),
            Err(PostRefused::TooLarge { max_bytes: MAX_MESSAGE_BYTES })
        );
    }

    #[test]
    fn a_bucket_never_gives_more_than_its_quota(
        quota in quota(),
        passes_ms in vec(prop_oneof![Just(0_u64), 0..200_u64, 0..30_000_u64], 1..300),
    ) {
        let mut now = Timestamp::from_micros(1_767_268_800_000_000);
        let mut bucket = TokenBucket::full(now);
        let mut taken: Vec<Timestamp> = Vec::new();
        for passes in passes_ms {
            now = now + Duration::from_millis(passes);
            match bucket.take(quota, now) {
                Ok(next) => {
                    bucket = next;
                    taken.push(now);
                }
                Err(wait) => {
                    prop_assert!(wait > Duration::ZERO && wait <= quota.per);
                    prop_assert!(bucket.take(quota, now + wait).is_ok(), "after the wait");
                    let early = wait.saturating_sub(Duration::from_micros(1));
                    prop_assert!(bucket.take(quota, now + early).is_err(), "not before");
                }
            }
        }
        // In every stretch of time, not only from the start.
        let one = quota.per.as_micros() / u128::from(quota.burst);
        for (first, from) in taken.iter().enumerate() {
            for (last, until) in taken.iter().enumerate().skip(first) {
                let refilled = until.since(*from).as_micros() / one;
                let allowed = u128::from(quota.burst) + refilled;
                prop_assert!(((last - first) as u128) < allowed);
            }
        }
    }

    #[test]
    fn an_unused_bucket_is_full_again(quota in quota(), takes in 1..200_usize) {
        let now = Timestamp::EPOCH;
        let mut bucket = TokenBucket::full(now);
        for _ in 0..takes {
            bucket = bucket.take(quota, now).unwrap_or(bucket);
        }
        prop_assert!(!bucket.is_full(now));
        prop_assert!(bucket.is_full(now + quota.per));
    }

    #[test]
    fn tags_are_at_most_ten_and_different(words in vec("[a-zA-Z]{1,2}", 0..30)) {
        let tags: Vec<Tag> = words.iter().map(|it| Tag::parse(it).expect("a tag")).collect();
        let mut different = tags.clone();
        different.sort();
        different.dedup();
        match Tags::new(tags.clone()) {
            Ok(kept) => {
                let mut kept: Vec<Tag> = kept.iter().cloned().collect();
                let in_order = tags.iter().filter(|tag| kept.contains(tag));
                prop_assert_eq!(in_order.count(), tags.len(), "none is lost");
                kept.sort();
                prop_assert_eq!(kept, different);
            }
            Err(_) => prop_assert!(different.len() > Tags::MAX),
        }
    }

    #[test]
    fn mentions_are_few_different_and_in_the_text(raw in "[@ab_ é-]{0,80}( @[a-z]{1,5}){0,20}") {
        let found = mentions(&raw);
        prop_assert!(found.len() <= 10);
        for (n, name) in found.iter().enumerate() {
            let mention = format!("@{name}");
            prop_assert!(raw.contains(&mention));
            prop_assert!(!found[..n].contains(name));
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written(epoch in any::<u32>(), seq in any::<u64>()) {
        let place = Place { epoch, seq: Seq(seq) };
        prop_assert_eq!(place.to_string().parse(), Ok(place));
    }

    #[test]
    fn what_a_stranger_sends_is_parsed_or_refused(raw in text()) {
        // Parsing never panics, and what it gives is parsed to itself.
        if let Ok(title) = ChannelTitle::parse(&raw) {
            prop_assert_eq!(ChannelTitle::parse(title.as_str()), Ok(title.clone()));
            prop_assert!(title.as_str().graphemes(true).count() <= 120);
        }
        if let Ok(id) = ClientMessageId::parse(&raw) {
            prop_assert_eq!(id.as_str(), &raw);
        }
        let _ = raw.parse::<Place>();
        let _ = mentions(&raw);
    }

    #[test]
    fn nobody_talks_past_a_restriction(
        enabled in any::<bool>(),
        guests in any::<bool>(),
        seconds in 1..1000_u64,
        passed in 0..2000_u64,
    ) {
        let settings = ChatSettings { enabled, guests, ..ChatSettings::default() };
        let channel = ChannelId::from_uuid(Uuid::from_u128(1));
        let room = Room { settings, ..Room::open(channel) };
        let admit = |standing, restriction, now| {
            let speaker = Speaker { standing, restriction, follows_since: None };
            room.admit(&speaker, now)
        };
        let until = Timestamp::EPOCH + Duration::from_secs(seconds);
        let now = Timestamp::EPOCH + Duration::from_secs(passed);
        let timeout = RestrictionKind::Timeout { until };
        for standing in [Standing::Viewer, Standing::Guest] {
            let free = admit(standing, None, now);
            let may = enabled && (guests || standing == Standing::Viewer);
            prop_assert_eq!(free.is_ok(), may);
            let timed_out = admit(standing, Some(timeout), now);
            if now < until {
                prop_assert_eq!(timed_out, Err(PostRefused::TimedOut { until }));
            } else {
                prop_assert_eq!(timed_out, free, "as if it had never been");
            }
            let banned = admit(standing, Some(RestrictionKind::Ban), now);
            prop_assert_eq!(banned, Err(PostRefused::Banned));
        }
        for staff in [Standing::Owner, Standing::Admin] {
            prop_assert_eq!(admit(staff, Some(RestrictionKind::Ban), now), Ok(()));
        }
    }
}
