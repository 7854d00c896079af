//! Nothing is left out of the table.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::graphql::{PLAIN, PLAIN_OBJECTS};
use crate::stage::Stage;
use crate::table::Actor;
use crate::{graphql, rest, socketio, told};

fn names(rows: Vec<crate::Row>) -> BTreeSet<String> {
    let count = rows.len();
    let names: BTreeSet<String> = rows.into_iter().map(|row| row.name).collect();
    assert_eq!(names.len(), count, "nothing stands in the table twice");
    names
}

#[test]
fn every_route_has_its_row() {
    let document: Value =
        serde_json::from_str(include_str!("../../../../api/openapi.json")).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let routes = paths.iter().flat_map(|(path, operations)| {
        let path = path.strip_prefix("/api/v1").expect("below its base");
        let methods = operations.as_object().expect("operations").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    assert_eq!(routes.collect::<BTreeSet<_>>(), names(rest::rows()));
}

#[tokio::test]
async fn every_field_has_its_row() {
    let stage = Stage::set().await;
    let query = "{ __schema { types { kind name fields { name } } } }";
    let schema = stage.graphql(Actor::Guest, query).await;
    let types = schema["data"]["__schema"]["types"].as_array();
    let objects = types.expect("types").iter().filter(|of| {
        let name = of["name"].as_str().expect("a name");
        of["kind"] == "OBJECT" && !name.starts_with("__")
    });
    let (mut fields, mut others) = (BTreeSet::new(), BTreeSet::new());
    for object in objects {
        let name = object["name"].as_str().expect("a name");
        if PLAIN.iter().any(|(resolved, _)| *resolved == name) {
            let of = object["fields"].as_array().expect("fields").iter();
            let of = of.map(|field| field["name"].as_str().expect("a name"));
            fields.extend(of.map(|field| format!("{name}.{field}")));
        } else {
            others.insert(name);
        }
    }
    let mut known = names(graphql::rows());
    for (object, plain) in PLAIN {
        known.extend(plain.iter().map(|field| format!("{object}.{field}")));
    }
    assert_eq!(fields, known);
    // What connections and their edges are follows from their nodes.
    others.retain(|name| !name.ends_with("Connection") && !name.ends_with("Edge"));
    assert_eq!(others, PLAIN_OBJECTS.iter().copied().collect());
}

#[test]
fn every_event_has_its_row() {
    let vocabulary = include_str!("../../src/socketio/events/vocabulary.rs");
    let (_, requests) = vocabulary.split_once("const REQUESTS").expect("the table");
    let (requests, _) = requests.split_once("];\n").expect("its end");
    let ours = requests.lines().filter_map(|line| {
        let (_, names) = line.trim().strip_prefix("(Request::")?.split_once('"')?;
        Some(names.split_once('"')?.0.to_owned())
    });
    let ours: BTreeSet<String> = ours.collect();
    assert!(ours.contains("join-stream"), "the table was read: {ours:?}");
    assert_eq!(ours, names(socketio::rows()));
}

/// What the vocabulary has, and what is said beside it of the connection itself.
#[test]
fn every_event_that_is_told_has_its_row() {
    let vocabulary = include_str!("../../src/socketio/events/vocabulary.rs");
    let (_, events) = vocabulary.split_once("const EVENTS").expect("the table");
    let (events, _) = events.split_once("];\n").expect("its end");
    let ours = events.lines().filter_map(|line| {
        let (_, names) = line.trim().strip_prefix("(Event::")?.split_once('"')?;
        Some(names.split_once('"')?.0.to_owned())
    });
    let mut all: BTreeSet<String> = ours.collect();
    assert!(all.contains("new-message"), "the table was read: {all:?}");

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/socketio/events");
    for file in std::fs::read_dir(folder).expect("a folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        let said = text.split("emit(\"").skip(1);
        all.extend(said.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    assert!(all.contains("session"), "the code was read: {all:?}");
    let told = told::rows().into_iter().flat_map(|row| row.told);
    assert_eq!(all, told.map(|(event, _)| event.to_owned()).collect());
}
