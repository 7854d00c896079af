//! What the app's pages may load, and in whose frames they may stand (Content Security
//! Policy 3).

use http::HeaderValue;

use crate::{Site, WebConfig};

/// Of GraphQL's page: its editor writes style sheets while it runs, its fonts and small pictures
/// stand in its own.
#[cfg(feature = "graphql")]
pub(super) const GRAPHIQL: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     font-src data:; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
);

pub(super) struct Policies {
    /// Of every page and file.
    pub(super) page: HeaderValue,
    /// Of the player for other sites.
    pub(super) embed: HeaderValue,
}

impl Policies {
    pub(super) fn of(config: &WebConfig) -> Self {
        let mut media = String::new();
        let own = config.public_url.as_deref().and_then(origin);
        let listed = config.media_origins.iter().map(Site::as_str);
        for site in own.iter().map(String::as_str).chain(listed) {
            media.push(' ');
            media.push_str(site);
        }
        let policy = |framed_by: &str| {
            let policy = format!(
                "default-src 'self'; worker-src 'self'; media-src 'self' blob:{media}; \
                 img-src 'self' data: https:; connect-src 'self'{media}; \
                 frame-ancestors {framed_by}"
            );
            HeaderValue::try_from(policy).expect("sites are visible ASCII, and so is the rest")
        };
        let embedding: Vec<&str> = config.embed_hosts.iter().map(Site::as_str).collect();
        Self {
            page: policy("'none'"),
            embed: policy(&match embedding.as_slice() {
                [] => "'self'".to_owned(),
                sites => format!("'self' {}", sites.join(" ")),
            }),
        }
    }
}

/// The origin of an address: playback addresses begin with it, also for who came to this
/// server by another of its names.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let site: Site = format!("{scheme}://{host}").parse().ok()?;
    Some(site.as_str().to_owned())
}
