//! Bounded text: parsed at the edge, never checked again.

use unicode_segmentation::UnicodeSegmentation;

/// A text does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left once blanks are trimmed.
    #[error("it must not be empty")]
    Empty,
    /// Fewer characters than it needs.
    #[error("it must have at least {min} characters")]
    TooShort {
        /// How many it needs.
        min: usize,
    },
    /// More characters (graphemes) than it may have.
    #[error("it may have at most {max} characters")]
    TooLong {
        /// How many it may have.
        max: usize,
    },
    /// A character that the field does not take.
    #[error("{allowed}")]
    Forbidden {
        /// What the field takes instead.
        allowed: &'static str,
    },
}

/// Checks a free text: trimmed, no control characters, at most `max` graphemes.
pub(crate) fn free_text(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.trim();
    // A grapheme can be arbitrarily long; four bytes times eight code points is generous.
    if text.len() > max * 32 || text.graphemes(true).nth(max).is_some() {
        return Err(TextError::TooLong { max });
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(TextError::Forbidden {
            allowed: "it must not hold control characters",
        });
    }
    Ok(text.to_owned())
}

/// Checks a name that stands in addresses: ASCII letters, digits, `_` (and `-`), folded.
pub(crate) fn address_name(text: &str, min: usize, max: usize) -> Result<String, TextError> {
    if text.len() > max {
        return Err(TextError::TooLong { max });
    }
    if text.len() < min {
        return Err(TextError::TooShort { min });
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !text.chars().all(fits) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(TextError::Forbidden {
            allowed: "it may hold letters a-z, digits, '-' and '_', and begins with a letter or digit",
        });
    }
    Ok(text.to_ascii_lowercase())
}

/// Text folded for search: stores and listings answer alike because they all fold here.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

macro_rules! text_fields {
    ($($(#[$doc:meta])* $name:ident = $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "String", into = "String"))]
        pub struct $name(String);

        impl $name {
            /// Parses it by the field's rule.
            pub fn parse(text: &str) -> Result<Self, $crate::shared::text::TextError> {
                let parse: fn(&str) -> Result<String, $crate::shared::text::TextError> = $parse;
                parse(text).map(Self)
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::shared::text::TextError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}
pub(crate) use text_fields;

/// Cuts a text after `max` graphemes, with an ellipsis in the last place. True when cut.
pub(crate) fn cut(text: &str, max: usize) -> (String, bool) {
    // A grapheme is a byte at least: most texts need no counting.
    if text.len() <= max {
        return (text.to_owned(), false);
    }
    let mut graphemes = text.grapheme_indices(true);
    match (graphemes.nth(max.saturating_sub(1)), graphemes.next()) {
        (Some((last, _)), Some(_)) => (format!("{}…", text[..last].trim_end()), true),
        _ => (text.to_owned(), false),
    }
}
