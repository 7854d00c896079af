//! What a client says it reads, and what it says it has (RFC 9110, 12.5 and 13.1).

use http::header::{ACCEPT, ACCEPT_ENCODING, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Whether it reads this content coding: named, or meant by `*`, and not with weight 0.
pub(super) fn reads(headers: &HeaderMap, coding: &str) -> bool {
    weight(headers, &ACCEPT_ENCODING, coding)
        .or_else(|| weight(headers, &ACCEPT_ENCODING, "*"))
        .is_some_and(|weight| weight > 0.0)
}

/// Whether a page is an answer to it: a browser that goes somewhere says so, and a program
/// that takes anything (a link's preview, say) gets one too. A script that asks for JSON, or a
/// picture's element, does not.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let anything = match headers.get(ACCEPT) {
        None => true,
        Some(accept) => accept.as_bytes().trim_ascii() == b"*/*",
    };
    anything || weight(headers, &ACCEPT, "text/html").is_some_and(|weight| weight > 0.0)
}

/// Whether it has the content with this tag already.
pub(super) fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    items(headers, &IF_NONE_MATCH).any(|tag| {
        // Weak comparison is what this header asks for.
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.as_bytes() == etag.as_bytes()
    })
}

/// The weight that a header's list gives to something; one where it says none.
fn weight(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> Option<f32> {
    items(headers, name).find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(wanted) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    })
}

/// The items of a header's list, over all lines of the name.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}
