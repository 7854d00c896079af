//! Pictures, as the documents give them: by their address.

use greenroom_app::channel::cover;
use greenroom_domain::channel::Channel;
use http::StatusCode;

use crate::context::Context;
use crate::extract::Patch;
use crate::problem::Problem;
use crate::wire::picture_url;

/// Where it is for whoever knows no more than the text.
pub(super) fn absolute(context: &Context, address: &str) -> String {
    if address.starts_with('/') {
        context.url(address)
    } else {
        address.to_owned()
    }
}

/// What becomes of a channel's cover when a document's client says where it is.
///
/// What was shown before may be said again, and nothing or an empty text removes it. Other sites' pictures are not
/// fetched, nor are viewers sent there: they are refused.
pub(super) async fn set_cover(
    context: &Context,
    channel: &Channel,
    field: &str,
    said: Patch<String>,
) -> Result<(), Problem> {
    let is = channel.cover.map(picture_url);
    let remove = match &said {
        Patch::Keep => false,
        Patch::Clear => true,
        Patch::Set(address) if address.is_empty() => true,
        Patch::Set(address) => {
            let same = is
                .as_deref()
                .is_some_and(|is| address == is || *address == absolute(context, is));
            if !same {
                return Err(foreign(field));
            }
            false
        }
    };
    if remove && is.is_some() {
        cover::remove(&context.app, &context.actor, &channel.handle).await?;
    }
    Ok(())
}

fn foreign(field: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "INVALID_FIELD",
        format!("{field}: pictures are uploaded, by PUT /api/v1/channels/{{handle}}/cover"),
    )
    .with("field", field)
}
