//! Tokens of the host platform: every algorithm, every attack, and key sets that move, fail
//! and lie.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attacks;
mod key_server;
mod key_sets;
mod signer;

use greenroom_adapters_identity::token::{
    ClaimNames, HostKeys, HostSecret, HostTokens, HostTokensConfig, HostTokensError,
};
use greenroom_domain::account::{TokenError, TokenVerifier};
use greenroom_domain::shared::clock::Timestamp;
use serde_json::{Value, json};

use signer::Signer;

const SECRET: &[u8] = b"a secret that is long enough to be one";
const ISSUER: &str = "https://host.example";
const AUDIENCE: &str = "greenroom";
const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn now() -> Timestamp {
    at(NOW)
}

/// What a good token says; it has an hour left.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "exp": NOW + 3600,
        "name": "Ada",
    })
}

/// The same, with some of it said otherwise; `null` leaves a claim out.
fn claims_but(changes: &Value) -> Value {
    let mut claims = claims();
    let object = claims.as_object_mut().expect("it is one");
    for (name, value) in changes.as_object().expect("changes are an object") {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn config(keys: HostKeys) -> HostTokensConfig {
    HostTokensConfig {
        issuer: ISSUER.to_owned(),
        audience: vec![AUDIENCE.to_owned(), "greenroom-staging".to_owned()],
        keys,
        leeway: HostTokensConfig::LEEWAY,
        claims: ClaimNames {
            admin: Some("roles=admin".parse().unwrap()),
            creator: Some("may_stream".parse().unwrap()),
            ..ClaimNames::default()
        },
    }
}

fn secrets(secrets: &[&[u8]]) -> HostKeys {
    let secret = |bytes: &&[u8]| HostSecret::new(*bytes).unwrap();
    HostKeys::Secrets(secrets.iter().map(secret).collect())
}

fn by_secret() -> HostTokens {
    HostTokens::new(config(secrets(&[SECRET]))).unwrap()
}

fn key_set(signers: &[&Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn by_keys(signers: &[&Signer]) -> HostTokens {
    HostTokens::new(config(HostKeys::Jwks(key_set(signers)))).unwrap()
}

async fn refused(tokens: &HostTokens, token: &str) -> TokenError {
    tokens
        .verify(token, now())
        .await
        .expect_err("the token was accepted")
}

async fn assert_invalid(tokens: &HostTokens, token: &str, what: &str) {
    let error = refused(tokens, token).await;
    assert!(matches!(error, TokenError::Invalid), "{what}: {error:?}");
}

#[tokio::test]
async fn what_a_good_token_says_is_understood() {
    let token = Signer::hs256(SECRET).sign(&claims_but(&json!({
        "roles": ["user", "admin"],
        "may_stream": true,
        "aud": ["other", AUDIENCE],
        "nbf": NOW - 5,
        "iat": NOW - 5,
    })));
    let verified = by_secret().verify(&token, now()).await.unwrap();
    assert_eq!(verified.subject.issuer, ISSUER);
    assert_eq!(verified.subject.subject, "user-1");
    assert_eq!(verified.name.as_deref(), Some("Ada"));
    assert_eq!(verified.is_admin, Some(true));
    assert!(verified.is_creator);
    assert_eq!(
        verified.expires_at,
        at(NOW + 3600) + HostTokensConfig::LEEWAY
    );
}

#[tokio::test]
async fn nobody_is_more_than_the_token_says() {
    let token = Signer::hs256(SECRET).sign(&claims_but(&json!({ "name": null })));
    let verified = by_secret().verify(&token, now()).await.unwrap();
    assert_eq!(verified.name, None);
    assert_eq!(verified.is_admin, Some(false));
    assert!(!verified.is_creator);
}

#[tokio::test]
async fn every_algorithm_is_verified_by_its_own_key() {
    let signers = [Signer::rs256("r"), Signer::es256("e"), Signer::eddsa("d")];
    let all: Vec<_> = signers.iter().collect();
    let tokens = by_keys(&all);
    for signer in &signers {
        let token = signer.sign(&claims());
        assert!(tokens.verify(&token, now()).await.is_ok(), "{signer:?}");
        // A token may leave out which key it was.
        let token = signer.clone_without_id().sign(&claims());
        assert!(tokens.verify(&token, now()).await.is_ok(), "{signer:?}");
    }
    let strangers = [Signer::rs256("r"), Signer::es256("e"), Signer::eddsa("d")];
    for stranger in &strangers {
        assert_invalid(&tokens, &stranger.sign(&claims()), "another's key").await;
        let token = stranger.clone_without_id().sign(&claims());
        assert_invalid(&tokens, &token, "another's key, unnamed").await;
    }
}

#[tokio::test]
async fn one_secret_can_be_replaced_by_the_next() {
    let next = b"the next secret, also long enough";
    let tokens = HostTokens::new(config(secrets(&[SECRET, next]))).unwrap();
    for secret in [SECRET, next] {
        let token = Signer::hs256(secret).sign(&claims());
        assert!(tokens.verify(&token, now()).await.is_ok());
    }
    let token = Signer::hs256(b"a third one that was never configured").sign(&claims());
    assert_invalid(&tokens, &token, "a secret that is not ours").await;
}

#[test]
fn what_would_not_be_safe_is_refused_at_the_start() {
    assert!(matches!(
        HostSecret::new(*b"too short"),
        Err(HostTokensError::ShortSecret)
    ));
    let refused = |keys| HostTokens::new(config(keys)).unwrap_err();
    let url = |url: &str| HostKeys::JwksUrl {
        url: url.to_owned(),
        allow_plain_http: false,
    };
    assert!(matches!(refused(secrets(&[])), HostTokensError::NoSecret));
    assert!(matches!(
        refused(url("http://host.example/jwks")),
        HostTokensError::PlainHttp
    ));
    for bad in ["", "jwks.json", "file:///etc/passwd", "ftp://host.example/"] {
        assert!(
            matches!(refused(url(bad)), HostTokensError::BadUrl),
            "{bad}"
        );
    }
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
    ] {
        assert!(
            matches!(
                refused(HostKeys::Jwks(bad.to_owned())),
                HostTokensError::Keys(_)
            ),
            "{bad}"
        );
    }
    assert!(matches!(
        refused(HostKeys::JwksFile("/nowhere/jwks.json".into())),
        HostTokensError::Keys(_)
    ));
    let nobody = HostTokensConfig {
        issuer: String::new(),
        ..config(secrets(&[SECRET]))
    };
    assert!(matches!(
        HostTokens::new(nobody),
        Err(HostTokensError::NoIssuer)
    ));
    for audience in [vec![], vec![String::new()]] {
        let anyone = HostTokensConfig {
            audience,
            ..config(secrets(&[SECRET]))
        };
        assert!(matches!(
            HostTokens::new(anyone),
            Err(HostTokensError::NoAudience)
        ));
    }
}

#[test]
fn no_secret_is_shown() {
    let config = config(secrets(&[SECRET]));
    let shown = format!("{config:?} {:?}", by_secret());
    assert!(!shown.contains("long enough"), "{shown}");
    assert!(!shown.contains("97, 32"), "{shown}");
}
