//! What asks for too much is refused at once, before anything is executed (attack 13).

use std::time::{Duration, Instant};

use greenroom_web::WebConfig;
use serde_json::json;

use crate::support::{Server, config};
use crate::{ask, code};

/// No refusal takes longer, on a machine that does other things too.
const AT_ONCE: Duration = Duration::from_millis(50);

fn nested_fragments() -> String {
    let fragments = (0..20).map(|n| {
        let next = n + 1;
        format!("fragment F{n} on Channel {{ ...F{next} ...F{next} ...F{next} }}")
    });
    let fragments: Vec<String> = fragments.collect();
    let fragments = fragments.join(" ");
    format!(
        "{{ channel(handle: \"ada\") {{ ...F0 }} }} {fragments} fragment F20 on Channel {{ id }}"
    )
}

fn circle() -> String {
    "{ channel(handle: \"ada\") { ...A } } fragment A on Channel { ...B owner { id } } \
     fragment B on Channel { ...A }"
        .to_owned()
}

fn deep() -> String {
    let (mut open, mut close) = (String::new(), String::new());
    for _ in 0..8 {
        open += "live { channel { ";
        close += " } }";
    }
    format!("{{ channel(handle: \"ada\") {{ {open} id {close} }} }}")
}

fn deep_introspection() -> String {
    let (mut open, mut close) = (String::new(), String::new());
    for _ in 0..4 {
        open += "fields { type { ";
        close += " } }";
    }
    format!("{{ __schema {{ types {{ {open} name {close} }} }} }}")
}

fn complex() -> String {
    "{ liveStreams(first: 100) { edges { node { channel { streams(first: 100) { edges { node { \
     id } } } } } } } }"
        .to_owned()
}

#[tokio::test]
async fn attacks_are_refused_at_once() {
    let server = Server::start().await;
    let aliases = (0..1_000).map(|n| format!("a{n}: me {{ role }} "));
    let few_aliases = (0..100).map(|n| format!("a{n}: setupOpen "));
    let roots = (0..30).map(|_| "setupOpen ");
    for (attack, query, is) in [
        ("nested fragments", nested_fragments(), "QUERY_TOO_LARGE"),
        ("a circle", circle(), "GRAPHQL_VALIDATION_FAILED"),
        (
            "10,000 directives",
            format!("{{ setupOpen {} }}", "@skip(if: false) ".repeat(10_000)),
            "BODY_TOO_LARGE",
        ),
        (
            "7,000 directives that fit",
            format!("{{ setupOpen {} }}", "@a ".repeat(7_000)),
            "QUERY_TOO_LARGE",
        ),
        (
            "100 directives",
            format!("{{ setupOpen {} }}", "@skip(if: false) ".repeat(100)),
            "TOO_MANY_DIRECTIVES",
        ),
        (
            "1,000 aliases",
            format!("{{ {} }}", aliases.collect::<String>()),
            "QUERY_TOO_LARGE",
        ),
        (
            "100 aliases",
            format!(
                "{{ node(id: \"\") {{ {} }} }}",
                few_aliases.collect::<String>()
            ),
            "TOO_MANY_ALIASES",
        ),
        (
            "30 root fields",
            format!("{{ {} }}", roots.collect::<String>()),
            "TOO_MANY_ROOT_FIELDS",
        ),
        ("depth", deep(), "QUERY_TOO_DEEP"),
        ("brackets", "{a".repeat(900), "QUERY_TOO_LARGE"),
        ("introspection", deep_introspection(), "QUERY_TOO_DEEP"),
        ("complexity", complex(), "QUERY_TOO_COMPLEX"),
    ] {
        // The fastest of a few: others run on the same cores, and what it costs is asked for.
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            let began = Instant::now();
            let answer = ask(&server, None, &query, json!({})).await;
            fastest = fastest.min(began.elapsed());
            let answer = serde_json::from_str(&answer.text).expect("JSON");
            assert_eq!(code(&answer), is, "{attack}: {answer}");
            assert!(answer.get("data").is_none(), "{attack}: {answer}");
        }
        assert!(fastest < AT_ONCE, "{attack} took {fastest:?}");
    }
}

#[tokio::test]
async fn a_batch_and_a_closed_schema_are_refused_at_once() {
    let server = Server::with(WebConfig {
        introspection: false,
        ..config()
    })
    .await;
    let one = json!({ "query": "{ setupOpen }" });
    let batch = json!(vec![one; 1_000]);
    let schema = json!({ "query": "{ __schema { types { name fields { name } } } }" });
    for (attack, body, told) in [("batch", batch, "error"), ("introspection", schema, "null")] {
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            let request = reqwest::Client::new().post(server.url("/graphql"));
            let began = Instant::now();
            let answer = server.send(request.json(&body)).await;
            fastest = fastest.min(began.elapsed());
            assert!(answer.text.contains(told), "{attack}: {}", answer.text);
            assert!(
                !answer.text.contains("setupOpen"),
                "{attack}: {}",
                answer.text
            );
            assert!(!answer.text.contains("fields"), "{attack}: {}", answer.text);
        }
        assert!(fastest < AT_ONCE, "{attack} took {fastest:?}");
    }
}

#[tokio::test]
async fn what_tools_ask_is_answered() {
    let server = Server::start().await;
    // As graphql-js asks: every list once, nine types inside of each other.
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} \
         mutationType {{ name kind }} subscriptionType {{ name kind }} types {{ ...FullType }} \
         directives {{ name description locations args(includeDeprecated: true) {{ ...InputValue \
         }} }} }} }} fragment FullType on __Type {{ kind name description specifiedByURL \
         fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ \
         ...InputValue }} type {{ ...TypeRef }} isDeprecated deprecationReason }} \
         inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }} \
         enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} \
         possibleTypes {{ ...TypeRef }} }} fragment InputValue on __InputValue {{ name description \
         type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }} fragment TypeRef on \
         __Type {{ {of_type} }}"
    );
    let answer = ask(&server, None, &query, json!({})).await.expect(200);
    assert_eq!(code(&answer), "OK", "{answer}");
}
