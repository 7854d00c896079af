//! Emotes: the platform's own are the emoji of Unicode, by their usual short names.

use unicode_segmentation::UnicodeSegmentation;

use crate::shared::text::{TextError, text_fields};

/// How many different emotes of a message are told of.
const MOST: usize = 20;

/// An emote that a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Emote<'a> {
    /// As it stands in the text, without its colons.
    pub code: &'a str,
    /// What is shown for it.
    pub shown: &'static str,
}

text_fields! {
    /// What somebody reacts with: one emoji, or an emote's short code (`:heart:`), which is
    /// taken for its emoji.
    Reaction = |text| {
        let text = text.trim();
        let code = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
        let emoji = match code {
            Some(code) => emojis::get_by_shortcode(code),
            None => emojis::get(text),
        };
        emoji
            .map(|emoji| emoji.as_str().to_owned())
            .ok_or(TextError::Forbidden { allowed: "a reaction is one emoji" })
    };
}

/// The emotes that a text names as `:code:`, each once, in their order, at most twenty.
pub fn emotes(text: &str) -> Vec<Emote<'_>> {
    let mut found: Vec<Emote<'_>> = Vec::new();
    let mut rest = text;
    while found.len() < MOST
        && let Some((_, behind)) = rest.split_once(':')
    {
        rest = behind;
        if let Some((emote, behind)) = leading(behind) {
            rest = behind;
            if !found.contains(&emote) {
                found.push(emote);
            }
        }
    }
    found
}

/// All that a text may name, in no order that means anything.
pub fn every_emote() -> impl Iterator<Item = Emote<'static>> {
    emojis::iter().flat_map(|emoji| {
        let shown = emoji.as_str();
        emoji.shortcodes().map(move |code| Emote { code, shown })
    })
}

/// The emote whose code a text begins with, and what is behind its colon.
fn leading(text: &str) -> Option<(Emote<'_>, &str)> {
    let (code, behind) = text.split_once(':')?;
    let shown = emojis::get_by_shortcode(code)?.as_str();
    Some((Emote { code, shown }, behind))
}

/// Whether there is nothing in a text but emotes.
pub(super) fn is_emotes_only(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(first) = rest.graphemes(true).next() {
        let behind = match rest.strip_prefix(':').and_then(leading) {
            Some((_, behind)) => behind,
            None if emojis::get(first).is_some() => &rest[first.len()..],
            None => return false,
        };
        rest = behind.trim_start();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_emotes_by_their_codes() {
        let named = |text| -> Vec<(&str, &str)> {
            let found = emotes(text).into_iter();
            found.map(|emote| (emote.code, emote.shown)).collect()
        };
        assert_eq!(
            named("at 10:30: :heart: and :heart:, :rocket:!"),
            [("heart", "❤️"), ("rocket", "🚀")]
        );
        assert_eq!(named("::: :no-such-thing: : :"), []);
    }

    #[test]
    fn emotes_alone_are_told_from_text() {
        for alone in [
            "🚀",
            "🚀🚀 ❤️",
            ":heart: :rocket:",
            ":heart::rocket:🎉",
            "👩‍🚀",
        ] {
            assert!(is_emotes_only(alone), "{alone}");
        }
        for text in ["hi", "🚀 hi", ":heart", ":nope:", "a:heart:"] {
            assert!(!is_emotes_only(text), "{text}");
        }
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        assert_eq!(Reaction::parse(":heart:").unwrap().as_str(), "❤️");
        assert_eq!(Reaction::parse("🎉").unwrap().as_str(), "🎉");
        for no in ["", "hi", "🎉🎉", "<b>", ":nope:"] {
            assert!(Reaction::parse(no).is_err(), "{no}");
        }
    }
}
