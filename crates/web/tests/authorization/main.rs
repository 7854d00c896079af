//! Who may do what: one table over REST, GraphQL and Socket.IO.
//!
//! Every route of `api/openapi.json`, every field of `api/schema.graphql` that is resolved by
//! itself, and every event of Socket.IO's vocabulary has its row, and every row says what each
//! kind of actor is answered; what Socket.IO tells by itself has its rows in [`told`], which say
//! who hears it. What is new fails [`complete`] until it has one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(all(feature = "graphql", feature = "rest", feature = "socketio"))]

mod complete;
mod graphql;
mod projections;
mod rest;
mod socketio;
mod stage;
#[path = "../graphql/subscriber.rs"]
mod subscriber;
#[expect(dead_code, reason = "REST's own tests use the rest")]
#[path = "../rest_api/support.rs"]
mod support;
mod table;
mod told;

use futures_util::{StreamExt, stream};

use crate::stage::Stage;
use crate::table::{Actor, Row};

/// How many cases are tried at a time: the machine does other things too.
const AT_A_TIME: usize = 4;

fn all_rows() -> Vec<Row> {
    let mut rows = rest::rows();
    rows.extend(graphql::rows());
    rows.extend(socketio::rows());
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_actor_is_answered_as_the_table_says() {
    // Where nothing is changed, nobody is in another's way: who is refused changes nothing.
    let shared = &Stage::set().await;
    let rows = all_rows();
    let cases = rows
        .iter()
        .flat_map(|row| Actor::ALL.map(|actor| (row, actor)));
    let wrong = stream::iter(cases)
        .map(|(row, actor)| async move {
            let should = row.expected.of(actor);
            let is = if row.ask.changes() && should == "OK" {
                Stage::set().await.ask(&row.ask, actor).await
            } else {
                shared.ask(&row.ask, actor).await
            };
            let name = &row.name;
            (is != should).then(|| format!("{name} as {actor:?}: {is}, not {should}"))
        })
        .buffer_unordered(AT_A_TIME)
        .filter_map(async |wrong| wrong);
    let wrong: Vec<String> = wrong.collect().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
