//! The statements that the crate was compiled with are those of the schema, and of the
//! sources: `.sqlx` is not stale.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{Column, Either, Executor, Statement, TypeInfo};

use crate::support;

/// A statement as it was checked.
pub(crate) struct Checked {
    pub(crate) sql: String,
    /// Types, as PostgreSQL calls them.
    pub(crate) parameters: Vec<String>,
    columns: Vec<(String, String)>,
}

/// All in `.sqlx`.
pub(crate) fn all() -> Vec<Checked> {
    let files = fs::read_dir(folder(".sqlx")).unwrap();
    let statements: Vec<_> = files
        .map(|file| {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let json: Value = serde_json::from_str(&text).unwrap();
            let described = &json["describe"];
            let parameters = described["parameters"]["Left"].as_array().unwrap();
            let columns = described["columns"].as_array().unwrap();
            Checked {
                sql: text_of(&json["query"]),
                parameters: parameters.iter().map(type_of).collect(),
                columns: columns
                    .iter()
                    .map(|column| (text_of(&column["name"]), type_of(&column["type_info"])))
                    .collect(),
            }
        })
        .collect();
    assert!(!statements.is_empty());
    statements
}

fn text_of(json: &Value) -> String {
    json.as_str().unwrap().to_owned()
}

/// `Int8` is `INT8`, and `Int8Array` is `INT8[]`.
fn type_of(json: &Value) -> String {
    let name = text_of(json).to_uppercase();
    match name.strip_suffix("ARRAY") {
        Some(of) => format!("{of}[]"),
        None => name,
    }
}

#[test]
fn every_statement_fits_the_schema() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let mut connection = support::connect(&database).await;
        for checked in all() {
            let sql = sqlx::AssertSqlSafe(checked.sql.clone());
            let prepared = (&mut connection)
                .prepare(sqlx::SqlSafeStr::into_sql_str(sql))
                .await;
            let prepared = prepared.unwrap_or_else(|error| panic!("{}: {error}", checked.sql));
            let columns = prepared.columns().iter();
            let columns: Vec<_> = columns
                .map(|it| (it.name().to_owned(), it.type_info().name().to_owned()))
                .collect();
            assert_eq!(columns, checked.columns, "{}", checked.sql);
            let Some(Either::Left(parameters)) = prepared.parameters() else {
                panic!("PostgreSQL tells the types of parameters");
            };
            let parameters: Vec<_> = parameters.iter().map(|it| it.name().to_owned()).collect();
            assert_eq!(parameters, checked.parameters, "{}", checked.sql);
        }
    });
}

/// That every statement of the sources is in the folder the compiler has seen to.
#[test]
fn every_statement_is_still_used() {
    let mut literals = BTreeSet::new();
    for file in sources(&folder("src")) {
        literals.extend(string_literals(&fs::read_to_string(file).unwrap()));
    }
    for checked in all() {
        let sql = &checked.sql;
        let whole = |at| {
            let (start, end): (&str, &str) = sql.split_at_checked(at)?;
            let is_there = |part: &str| part.is_empty() || literals.contains(part);
            (is_there(start) && is_there(end)).then_some(())
        };
        assert!(
            (0..=sql.len()).find_map(whole).is_some(),
            "no source has this statement any more; remove it from .sqlx: {sql}"
        );
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The plain and raw ones, with their continued lines joined.
fn string_literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        let is_raw = rest[..start].ends_with("r#");
        rest = &rest[start + 1..];
        let end = if is_raw {
            rest.find("\"#")
        } else {
            (0..rest.len()).find(|&at| rest.as_bytes()[at] == b'"' && !rest[..at].ends_with('\\'))
        };
        let Some(end) = end else { break };
        let literal = &rest[..end];
        literals.push(if is_raw {
            literal.to_owned()
        } else {
            let mut lines = literal.split("\\\n");
            let first = lines.next().unwrap_or_default().to_owned();
            lines.fold(first, |joined, line| joined + line.trim_start())
        });
        rest = &rest[end + 1..];
    }
    literals
}
