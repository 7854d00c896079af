//! The app's files, as they were built: each with its compressed siblings.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use rust_embed::RustEmbed;

use super::negotiation;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Dist;

/// A set of files by their names, such as `assets/index-1a2b3c.js`.
pub(super) struct Assets(HashMap<String, File>);

/// A file in the encodings that there are of it.
pub(super) struct File {
    /// Its media type.
    pub(super) kind: &'static str,
    plain: Content,
    brotli: Option<Content>,
    gzip: Option<Content>,
}

/// A file in one encoding.
pub(super) struct Content {
    pub(super) bytes: Bytes,
    /// Strong (RFC 9110, 8.8.1): of these very bytes, so another for each encoding.
    pub(super) etag: HeaderValue,
}

impl Assets {
    /// Those in this program; none where the app was not built.
    pub(super) fn embedded() -> Self {
        Self::of(Dist::iter().filter_map(|name| {
            let file = Dist::get(&name)?;
            Some((name.into_owned(), file.data, file.metadata.sha256_hash()))
        }))
    }

    /// These files: name, content, hash of the content. `x.br` and `x.gz` are other encodings
    /// of `x`; what begins with a dot is the build's own.
    pub(super) fn of(files: impl Iterator<Item = (String, Cow<'static, [u8]>, [u8; 32])>) -> Self {
        let mut contents: HashMap<String, Content> = files
            .filter(|(name, ..)| !name.split('/').any(|part| part.starts_with('.')))
            .map(|(name, bytes, hash)| (name, Content::new(bytes, &hash)))
            .collect();
        let names: Vec<String> = contents
            .keys()
            .filter(|name| !is_encoding(name, &contents))
            .cloned()
            .collect();
        let files = names.into_iter().filter_map(|name| {
            let file = File {
                kind: media_type(&name),
                plain: contents.remove(&name)?,
                brotli: contents.remove(&format!("{name}.br")),
                gzip: contents.remove(&format!("{name}.gz")),
            };
            Some((name, file))
        });
        Self(files.collect())
    }

    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.0.get(name)
    }
}

fn is_encoding(name: &str, among: &HashMap<String, Content>) -> bool {
    name.strip_suffix(".br")
        .or_else(|| name.strip_suffix(".gz"))
        .is_some_and(|of| among.contains_key(of))
}

impl File {
    /// The best encoding for whoever asks with these headers, and its name.
    pub(super) fn best(&self, asked: &HeaderMap) -> (&Content, Option<&'static str>) {
        let encodings = [(&self.brotli, "br"), (&self.gzip, "gzip")];
        for (content, name) in encodings {
            if let Some(content) = content
                && negotiation::reads(asked, name)
            {
                return (content, Some(name));
            }
        }
        (&self.plain, None)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }
}

impl Content {
    fn new(bytes: Cow<'static, [u8]>, hash: &[u8; 32]) -> Self {
        let bytes = match bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let (tag, _) = hash.split_at(16);
        let etag = HeaderValue::try_from(format!("\"{}\"", URL_SAFE_NO_PAD.encode(tag)))
            .expect("base64 in quotes is visible ASCII");
        Self { bytes, etag }
    }
}

/// The media type by the name's ending; nothing else is built.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
