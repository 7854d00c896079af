//! `docs/api-map.md` says nothing that is not so: what it names is there.

use std::fs;
use std::path::{Path, PathBuf};

use greenroom_web::{Dialect, WebConfig};
use reqwest::Method;

use crate::ask;
use crate::support::{Server, config};

/// One row of a table.
struct Row {
    section: String,
    /// What the document has.
    subject: String,
    rest: String,
    graphql: String,
    socketio: String,
    proof: String,
}

#[tokio::test]
async fn every_endpoint_is_served() {
    let server = Server::with(WebConfig {
        dialects: [
            Dialect::Circle,
            Dialect::HarmonieCore,
            Dialect::PawfectMatch,
            Dialect::StreamIt,
        ]
        .into(),
        ..config()
    })
    .await;
    let mut wrong = Vec::new();
    for row in rows() {
        for (method, path) in endpoints(&row.subject) {
            let path = filled(&path);
            let answer = ask(&server, method.clone(), None, &path, None).await;
            let is_routed = !answer.text.contains("there is nothing here")
                && !answer.text.contains("METHOD_NOT_ALLOWED");
            if !is_routed {
                wrong.push(format!(
                    "{method} {path}: {} {}",
                    answer.status, answer.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_document_is_there_from_end_to_end() {
    let rows = rows();
    let count = |section: &str| {
        let rows = rows.iter().filter(|row| row.section == section);
        rows.map(|row| endpoints(&row.subject).len()).sum::<usize>()
    };
    let found = ["Circle", "StreamIt", "HarmonieCORE", "PawfectMatch"].map(count);
    let listed = [9, 15, 9, 10];
    assert_eq!(found, listed, "as many endpoints as the documents list");
}

#[test]
fn every_counterpart_exists() {
    let openapi = fs::read_to_string(at("api/openapi.json")).expect("the document");
    let openapi: serde_json::Value = serde_json::from_str(&openapi).expect("JSON");
    let schema = fs::read_to_string(at("api/schema.graphql")).expect("the schema");
    let events = at("crates/web/src/socketio/events/vocabulary.rs");
    let events = fs::read_to_string(events).expect("the vocabulary");
    let mut wrong = Vec::new();
    for row in rows() {
        for (method, path) in endpoints(&row.rest) {
            let path = format!("/api/v1{path}");
            let method = method.as_str().to_lowercase();
            if openapi["paths"][&path][&method].is_null() {
                wrong.push(format!("{}: {method} {path}", row.subject));
            }
        }
        for asked in row.graphql.split(", ").filter(|asked| !asked.is_empty()) {
            if !has_field(&schema, asked) {
                wrong.push(format!("{}: {asked}", row.subject));
            }
        }
        for event in quoted(&row.socketio) {
            if !events.contains(&format!("\"{event}\"")) {
                wrong.push(format!("{}: {event}", row.subject));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_proof_exists() {
    let mut wrong = Vec::new();
    for row in rows() {
        let proofs = quoted(&row.proof);
        let is_coming = row.proof.starts_with("coming: ");
        let all = proofs.iter().all(|proof| is_test(proof));
        if !all || proofs.is_empty() != is_coming {
            wrong.push(format!("{}: {}", row.subject, row.proof));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the documents' tables list: methods and paths.
pub(crate) fn documented() -> Vec<(Method, String)> {
    let rows = rows().into_iter();
    rows.flat_map(|row| endpoints(&row.subject)).collect()
}

/// The rows of the tables that have proofs.
fn rows() -> Vec<Row> {
    let map = fs::read_to_string(at("docs/api-map.md")).expect("the map");
    let mut section = "";
    let mut rows = Vec::new();
    for line in map.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", subject, rest, graphql, socketio, proof, ""] = cells.as_slice() else {
            continue;
        };
        if *proof == "Test" || proof.starts_with("---") {
            continue;
        }
        rows.push(Row {
            section: section.to_owned(),
            subject: (*subject).to_owned(),
            rest: (*rest).to_owned(),
            graphql: (*graphql).to_owned(),
            socketio: (*socketio).to_owned(),
            proof: (*proof).to_owned(),
        });
    }
    assert!(rows.len() > 20, "the tables have changed their shape");
    rows
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// What of that is a method and a path.
fn endpoints(cell: &str) -> Vec<(Method, String)> {
    let endpoint = |text: &&str| {
        let (method, path) = text.split_once(' ')?;
        let method = method.parse().ok()?;
        path.starts_with('/').then(|| (method, path.to_owned()))
    };
    quoted(cell).iter().filter_map(endpoint).collect()
}

/// The path with something in the place of its parameters.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix(':') {
        Some(_) => "01980a4e-7b1c-7c3f-8d2a-5e6f70819203",
        None => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether the schema has this, such as "mutation `endStream`".
fn has_field(schema: &str, asked: &str) -> bool {
    let Some((kind, name)) = asked.split_once(' ') else {
        return false;
    };
    let name = name.trim_matches('`');
    let root = match kind {
        "query" => "type Query {",
        "mutation" => "type Mutation {",
        "subscription" => "type Subscription {",
        _ => return false,
    };
    let fields = schema.split_once(root).map_or("", |(_, after)| after);
    let fields = fields.split_once("\n}").map_or("", |(fields, _)| fields);
    let is_it = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['(', ':']))
    };
    fields.lines().any(is_it)
}

/// Whether there is such a test: `crate/file::name` or `e2e/file::name`.
fn is_test(proof: &str) -> bool {
    let Some((file, name)) = proof.split_once("::") else {
        return false;
    };
    let file = match file.split_once('/') {
        Some(("e2e", file)) => format!("tests/e2e/{file}.rs"),
        Some((of, file)) => format!("crates/{of}/tests/{file}.rs"),
        None => return false,
    };
    let text = fs::read_to_string(at(&file)).unwrap_or_default();
    let is_it = |line: &str| {
        let line = line.trim_start_matches("async ");
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    text.lines().any(is_it)
}

/// A path of the repository.
fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}
