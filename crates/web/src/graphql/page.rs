//! Connections as Relay knows them, over the application's pages.

use async_graphql::connection::PageInfo;
use async_graphql::{OutputType, SimpleObject};
use greenroom_domain::shared::page::{Cursor, Page, PageLimit, PageRequest};
use http::StatusCode;

use super::account::Account;
use super::chat::{AuditEvent, ChatLine, ChatRestriction};
use super::recording::Recording;
use super::social::{Blocked, Followed, Follower};
use super::stream::Stream;
use crate::problem::Problem;

/// A part of a listing.
#[derive(SimpleObject)]
#[graphql(
    concrete(name = "AccountConnection", params(Account)),
    concrete(name = "StreamConnection", params(Stream)),
    concrete(name = "RecordingConnection", params(Recording)),
    concrete(name = "ChatLineConnection", params(ChatLine)),
    concrete(name = "ChatRestrictionConnection", params(ChatRestriction)),
    concrete(name = "AuditEventConnection", params(AuditEvent)),
    concrete(name = "FollowerConnection", params(Follower)),
    concrete(name = "FollowedConnection", params(Followed)),
    concrete(name = "BlockedConnection", params(Blocked))
)]
pub struct Connection<N: OutputType>
where
    Edge<N>: OutputType,
{
    /// In the listing's order.
    edges: Vec<Edge<N>>,
    /// Whether there is more, and where it begins.
    page_info: PageInfo,
}

/// One of a listing.
#[derive(SimpleObject)]
#[graphql(
    concrete(name = "AccountEdge", params(Account)),
    concrete(name = "StreamEdge", params(Stream)),
    concrete(name = "RecordingEdge", params(Recording)),
    concrete(name = "ChatLineEdge", params(ChatLine)),
    concrete(name = "ChatRestrictionEdge", params(ChatRestriction)),
    concrete(name = "AuditEventEdge", params(AuditEvent)),
    concrete(name = "FollowerEdge", params(Follower)),
    concrete(name = "FollowedEdge", params(Followed)),
    concrete(name = "BlockedEdge", params(Blocked))
)]
pub struct Edge<N: OutputType> {
    /// Goes on behind this one; where a listing goes on by pages, only the last of a page has one.
    cursor: Option<String>,
    /// What it is.
    node: N,
}

impl<N: OutputType> Connection<N>
where
    Edge<N>: OutputType,
{
    /// A page, whose last one has the cursor.
    pub(super) fn of_page<D>(page: Page<D>, node: impl FnMut(D) -> N) -> Self {
        let end = page.next.map(|cursor| cursor.0);
        let mut edges: Vec<Edge<N>> = page
            .items
            .into_iter()
            .map(node)
            .map(Edge::uncounted)
            .collect();
        if let Some(last) = edges.last_mut() {
            last.cursor.clone_from(&end);
        }
        Self {
            edges,
            page_info: PageInfo {
                has_previous_page: false,
                has_next_page: end.is_some(),
                start_cursor: None,
                end_cursor: end,
            },
        }
    }

    /// Nodes that each have a cursor.
    pub(super) fn of_nodes(
        nodes: impl IntoIterator<Item = (String, N)>,
        has_previous_page: bool,
        has_next_page: bool,
    ) -> Self {
        let edges: Vec<Edge<N>> = nodes
            .into_iter()
            .map(|(cursor, node)| Edge {
                cursor: Some(cursor),
                node,
            })
            .collect();
        let cursor = |edge: Option<&Edge<N>>| edge.and_then(|edge| edge.cursor.clone());
        let page_info = PageInfo {
            has_previous_page,
            has_next_page,
            start_cursor: cursor(edges.first()),
            end_cursor: cursor(edges.last()),
        };
        Self { edges, page_info }
    }
}

impl<N: OutputType> Edge<N> {
    fn uncounted(node: N) -> Self {
        Self { cursor: None, node }
    }
}

/// The page that `first` and `after` ask for.
pub(super) fn request(first: Option<i32>, after: Option<String>) -> Result<PageRequest, Problem> {
    Ok(PageRequest {
        after: after.map(Cursor),
        limit: limit("first", first)?,
    })
}

/// How many are asked for.
pub(super) fn limit(field: &str, asked: Option<i32>) -> Result<PageLimit, Problem> {
    let Some(asked) = asked else {
        return Ok(PageLimit::default());
    };
    u16::try_from(asked)
        .ok()
        .and_then(PageLimit::new)
        .ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "MALFORMED_QUERY",
                format!("{field}: it must be 1 to 100"),
            )
            .with("field", field)
        })
}

/// What a listing costs: its own reading, and so many times what is asked of each.
pub(super) fn cost(asked: Option<i32>, each: usize) -> usize {
    let asked = asked.and_then(|asked| u16::try_from(asked).ok());
    let items = asked.and_then(PageLimit::new).unwrap_or_default().get();
    READ + items * each
}

/// What one reading from the store costs, where a field that is at hand costs 1.
pub(super) const READ: usize = 5;
