//! What is live, for documents whose listings have no pages.

use greenroom_app::stream::listing::{self, LiveFilter};
use greenroom_app::stream::taste::LiveOrder;
use greenroom_app::stream::view::StreamView;
use greenroom_app::{App, Refusal};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::page::{PageLimit, PageRequest};

/// How many of our pages one listing is at most.
const PAGES: usize = 5;

/// What is live now, most viewers first: the first 500.
pub(super) async fn all(app: &App) -> Result<Vec<StreamView>, Refusal> {
    ordered(app, &Actor::System, LiveOrder::Viewers).await
}

/// The same as somebody wants it ordered.
pub(super) async fn ordered(
    app: &App,
    actor: &Actor,
    order: LiveOrder,
) -> Result<Vec<StreamView>, Refusal> {
    let filter = LiveFilter {
        order,
        ..LiveFilter::default()
    };
    let mut page = first_page();
    let mut streams = Vec::new();
    for _ in 0..PAGES {
        let found = listing::execute(app, actor, &filter, &page).await?;
        streams.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    Ok(streams)
}

/// The first page of a listing, as long as it may be.
pub(super) fn first_page() -> PageRequest {
    PageRequest::first(PageLimit::MAX)
}
