//! Key sets that are fetched: they change, fail, and come from servers that cannot be trusted
//! to be there.

use std::error::Error;
use std::sync::Arc;

use greenroom_adapters_identity::token::{HostKeys, HostTokens, HostTokensError, KeysError};
use greenroom_domain::account::{TokenError, TokenVerifier};
use serde_json::json;

use crate::key_server::{Answer, KeyServer};
use crate::signer::Signer;
use crate::{NOW, assert_invalid, at, claims, claims_but, config, key_set, now};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;

fn from(server: &KeyServer) -> HostTokens {
    HostTokens::new(config(HostKeys::JwksUrl {
        url: server.url(),
        allow_plain_http: false,
    }))
    .unwrap()
}

async fn server_of(signers: &[&Signer]) -> KeyServer {
    KeyServer::start(Answer::Keys(key_set(signers))).await
}

/// Good for two days.
fn token_of(signer: &Signer) -> String {
    signer.sign(&claims_but(&json!({ "exp": NOW + 2 * DAY })))
}

/// What is behind a token that could not be checked.
fn cause(error: &TokenError) -> String {
    assert!(matches!(error, TokenError::Unavailable(_)), "{error:?}");
    error.source().expect("it has a cause").to_string()
}

#[tokio::test]
async fn it_is_fetched_once_for_many_tokens() {
    let signers = [Signer::rs256("r"), Signer::es256("e"), Signer::eddsa("d")];
    let server = server_of(&[&signers[0], &signers[1], &signers[2]]).await;
    let tokens = Arc::new(from(&server));
    assert_eq!(server.requests(), 0);
    let checks: Vec<_> = (0..50)
        .map(|number| {
            let tokens = Arc::clone(&tokens);
            let token = signers[number % 3].sign(&claims());
            tokio::spawn(async move { tokens.verify(&token, now()).await })
        })
        .collect();
    for check in checks {
        check.await.unwrap().unwrap();
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_new_key_is_learned_and_a_stranger_cannot_make_us_ask_for_more() {
    let (old, new) = (Signer::rs256("old"), Signer::es256("new"));
    let server = server_of(&[&old]).await;
    let tokens = from(&server);
    tokens.verify(&token_of(&old), now()).await.unwrap();

    server.answers(Answer::Keys(key_set(&[&old, &new])));
    let later = at(NOW + MINUTE);
    tokens.verify(&token_of(&new), later).await.unwrap();
    tokens.verify(&token_of(&old), later).await.unwrap();
    assert_eq!(server.requests(), 2);

    for number in 0..20 {
        let stranger = Signer::eddsa(&format!("made up {number}"));
        let answer = tokens.verify(&token_of(&stranger), later).await;
        assert!(matches!(answer, Err(TokenError::Invalid)));
        let unnamed = token_of(&stranger.clone_without_id());
        let answer = tokens.verify(&unnamed, later).await;
        assert!(matches!(answer, Err(TokenError::Invalid)));
    }
    assert_eq!(server.requests(), 2);

    // A minute later, once more.
    let stranger = token_of(&Signer::eddsa("made up"));
    let much_later = at(NOW + 2 * MINUTE);
    let answer = tokens.verify(&stranger, much_later).await;
    assert!(matches!(answer, Err(TokenError::Invalid)));
    assert_eq!(server.requests(), 3);
}

/// Neither an algorithm that no published key serves, nor a bad signature under a key that is
/// there, is a reason to ask.
#[tokio::test]
async fn what_no_new_key_could_help_does_not_ask_for_one() {
    let signer = Signer::rs256("k");
    let server = server_of(&[&signer]).await;
    let tokens = from(&server);
    tokens.verify(&token_of(&signer), now()).await.unwrap();
    let later = at(NOW + MINUTE);
    for token in [
        token_of(&Signer::rs256("k")),
        token_of(&Signer::hs256(crate::SECRET).with_id(Some("other"))),
    ] {
        let answer = tokens.verify(&token, later).await;
        assert!(matches!(answer, Err(TokenError::Invalid)));
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_withdrawn_key_is_given_up() {
    let (old, new) = (Signer::rs256("old"), Signer::rs256("new"));
    let server = server_of(&[&old]).await;
    let tokens = from(&server);
    tokens.verify(&token_of(&old), now()).await.unwrap();
    server.asked().await;

    server.answers(Answer::Keys(key_set(&[&new])));
    let stale = at(NOW + 15 * MINUTE);
    // The first to come starts the fetch and does not wait for it.
    tokens.verify(&token_of(&old), stale).await.unwrap();
    server.asked().await;
    // Whoever needs the new key waits for that same fetch.
    tokens.verify(&token_of(&new), stale).await.unwrap();
    assert_eq!(server.requests(), 2);
    let answer = tokens.verify(&token_of(&old), stale).await;
    assert!(matches!(answer, Err(TokenError::Invalid)));
}

#[tokio::test]
async fn a_dead_server_is_no_answer_and_comes_back() {
    let signer = Signer::rs256("k");
    let server = KeyServer::start(Answer::HangUp).await;
    let tokens = from(&server);
    let token = token_of(&signer);
    let error = tokens.verify(&token, now()).await.unwrap_err();
    let cause = cause(&error);
    assert_eq!(cause, "the JWK set could not be fetched");
    assert!(!cause.contains("127.0.0.1"), "{cause}");
    let asked = server.requests();

    // Not asked again at once, whoever comes.
    server.answers(Answer::Keys(key_set(&[&signer])));
    let answer = tokens.verify(&token, at(NOW + 9)).await;
    assert!(matches!(answer, Err(TokenError::Unavailable(_))));
    assert_eq!(server.requests(), asked);

    tokens.verify(&token, at(NOW + 10)).await.unwrap();
}

#[tokio::test]
async fn the_keys_we_have_outlive_their_server_for_a_day() {
    let (known, unknown) = (Signer::rs256("known"), Signer::rs256("unknown"));
    let server = server_of(&[&known]).await;
    let tokens = from(&server);
    tokens.verify(&token_of(&known), now()).await.unwrap();
    server.stop().await;

    for hours in [1, 12, 23] {
        let then = at(NOW + hours * 3600);
        tokens.verify(&token_of(&known), then).await.unwrap();
        // Somebody may have signed it; who knows.
        let answer = tokens.verify(&token_of(&unknown), then).await;
        assert!(matches!(answer, Err(TokenError::Unavailable(_))));
    }
    let answer = tokens.verify(&token_of(&known), at(NOW + DAY)).await;
    assert!(matches!(answer, Err(TokenError::Unavailable(_))));
}

#[tokio::test]
async fn answers_that_are_no_key_set_change_nothing() {
    let signer = Signer::rs256("k");
    let server = server_of(&[&signer]).await;
    let elsewhere = server_of(&[&Signer::rs256("new")]).await;
    let tokens = from(&server);
    tokens.verify(&token_of(&signer), now()).await.unwrap();

    let too_many: Vec<_> = (0..65).map(|_| signer.jwk()).collect();
    let answers = [
        (Answer::Status(500, None), "status 500"),
        (Answer::Status(302, Some(elsewhere.url())), "status 302"),
        (Answer::Endless, "too long"),
        (Answer::Keys(" ".repeat(256 * 1024 + 1)), "too long"),
        (Answer::Keys("<html>".to_owned()), "line 1, column 1"),
        (Answer::Keys(String::new()), "malformed"),
        (Answer::Keys("[".repeat(10_000)), "malformed"),
        (Answer::Keys(r#"{"keys":[]}"#.to_owned()), "no key"),
        (
            Answer::Keys(json!({ "keys": too_many }).to_string()),
            "more than 64",
        ),
        (Answer::HangUp, "could not be fetched"),
    ];
    for (round, (answer, says)) in (1..).zip(answers) {
        server.answers(answer);
        let then = at(NOW + round * MINUTE);
        let error = tokens
            .verify(&token_of(&Signer::rs256("new")), then)
            .await
            .unwrap_err();
        let cause = cause(&error);
        assert!(cause.contains(says), "{cause}");
        tokens.verify(&token_of(&signer), then).await.unwrap();
    }
    assert_eq!(elsewhere.requests(), 0);
}

/// Whoever set off the fetch may go away; the others get its answer.
#[tokio::test]
async fn a_client_that_hangs_up_does_not_take_the_keys_along() {
    let signer = Signer::rs256("k");
    let server = KeyServer::start(Answer::Held(key_set(&[&signer]))).await;
    let tokens = Arc::new(from(&server));
    let token = token_of(&signer);
    let first = tokio::spawn({
        let (tokens, token) = (Arc::clone(&tokens), token.clone());
        async move { tokens.verify(&token, now()).await }
    });
    server.asked().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    server.release();
    tokens.verify(&token, now()).await.unwrap();
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_file_may_be_replaced() {
    let (old, new) = (Signer::rs256("old"), Signer::eddsa("new"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, key_set(&[&old])).unwrap();
    let tokens = HostTokens::new(config(HostKeys::JwksFile(path.clone()))).unwrap();
    tokens.verify(&token_of(&old), now()).await.unwrap();

    std::fs::write(&path, key_set(&[&new])).unwrap();
    let later = at(NOW + MINUTE);
    tokens.verify(&token_of(&new), later).await.unwrap();
    let answer = tokens.verify(&token_of(&old), later).await;
    assert!(matches!(answer, Err(TokenError::Invalid)));

    std::fs::write(&path, " ".repeat(256 * 1024 + 1)).unwrap();
    assert!(matches!(
        HostTokens::new(config(HostKeys::JwksFile(path))),
        Err(HostTokensError::Keys(KeysError::TooLong))
    ));
}

/// Sets in the wild have keys for other things (RFC 7517, 5).
#[tokio::test]
async fn keys_for_other_things_are_passed_over() {
    let signer = Signer::es256("k");
    let rsa = Signer::rs256("k");
    let mut encrypts = rsa.jwk();
    encrypts["use"] = json!("enc");
    let mut wraps = rsa.jwk();
    wraps["key_ops"] = json!(["wrapKey"]);
    let mut pss = rsa.jwk();
    pss["alg"] = json!("PS256");
    let mut short = rsa.jwk();
    short["n"] = json!("AQAB");
    let set = json!({ "keys": [
        encrypts,
        wraps,
        pss,
        short,
        Signer::hs256(crate::SECRET).with_id(Some("k")).jwk(),
        { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "k" },
        { "kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA", "kid": "k" },
        "nonsense",
        signer.jwk(),
    ]});
    let tokens = HostTokens::new(config(HostKeys::Jwks(set.to_string()))).unwrap();
    tokens.verify(&token_of(&signer), now()).await.unwrap();
    for other in [rsa, Signer::hs256(crate::SECRET).with_id(Some("k"))] {
        assert_invalid(&tokens, &token_of(&other), "a key for another use").await;
    }
}
