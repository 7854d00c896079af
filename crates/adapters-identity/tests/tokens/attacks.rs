//! What must never be accepted, however well it is signed or made up.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use greenroom_domain::account::{TokenError, TokenVerifier};
use serde_json::{Value, json};

use crate::signer::{Signer, encode};
use crate::{
    NOW, SECRET, assert_invalid, at, by_keys, by_secret, claims, claims_but, now, refused,
};

#[tokio::test]
async fn a_text_for_a_date() {
    for changes in [
        json!({ "exp": (NOW + 3600).to_string() }),
        json!({ "exp": "never" }),
        json!({ "exp": [NOW + 3600] }),
        json!({ "exp": null }),
        json!({ "nbf": (NOW - 5).to_string() }),
        json!({ "iat": (NOW - 5).to_string() }),
    ] {
        let token = Signer::hs256(SECRET).sign(&claims_but(&changes));
        assert_invalid(&by_secret(), &token, &changes.to_string()).await;
    }
    // `null` is not "no expiry" either.
    let mut without = claims();
    without["exp"] = Value::Null;
    assert_invalid(
        &by_secret(),
        &Signer::hs256(SECRET).sign(&without),
        "exp: null",
    )
    .await;
}

#[tokio::test]
async fn no_signature() {
    let payload = encode(&claims());
    let platform = Signer::rs256("r");
    let signed = platform.sign(&claims());
    let (_, signature) = signed.rsplit_once('.').unwrap();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encode(&json!({ "alg": alg, "typ": "JWT" }));
        for signature in ["", "AAAA", signature] {
            let token = format!("{header}.{payload}.{signature}");
            assert_invalid(&by_secret(), &token, alg).await;
            assert_invalid(&by_keys(&[&platform]), &token, alg).await;
        }
    }
    let header = encode(&json!({ "typ": "JWT" }));
    assert_invalid(&by_secret(), &format!("{header}.{payload}."), "no alg").await;
    let (message, _) = signed.rsplit_once('.').unwrap();
    assert_invalid(&by_keys(&[&platform]), &format!("{message}."), "cut off").await;
}

/// The public key is no secret: an HMAC keyed with it, in any form it may be known in, proves
/// nothing.
#[tokio::test]
async fn a_public_key_for_a_secret() {
    for signer in [Signer::rs256("k"), Signer::es256("k"), Signer::eddsa("k")] {
        let tokens = by_keys(&[&signer]);
        let der = signer.public_der();
        let base64 = STANDARD.encode(&der);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        );
        let mut forms = vec![
            pem.trim_end().as_bytes().to_vec(),
            pem.into_bytes(),
            der,
            base64.into_bytes(),
            signer.jwk().to_string().into_bytes(),
        ];
        for part in ["n", "x", "y"] {
            if let Some(text) = signer.jwk()[part].as_str() {
                forms.push(text.as_bytes().to_vec());
                forms.push(URL_SAFE_NO_PAD.decode(text).unwrap());
            }
        }
        for form in forms {
            for id in [Some("k"), None] {
                let token = Signer::hs256(&form).with_id(id).sign(&claims());
                assert_invalid(&tokens, &token, "HS256 under a public key").await;
            }
        }
    }
}

/// A key signs for one algorithm; the token's word for another changes nothing.
#[tokio::test]
async fn another_algorithm_in_the_header() {
    let signer = Signer::rs256("k");
    let tokens = by_keys(&[&signer]);
    for alg in [
        "HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA",
    ] {
        let token = signer.sign_as(&json!({ "alg": alg, "kid": "k" }), &claims());
        assert_invalid(&tokens, &token, alg).await;
    }
    let secret = Signer::hs256(SECRET);
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        let token = secret.sign_as(&json!({ "alg": alg }), &claims());
        assert_invalid(&by_secret(), &token, alg).await;
    }
}

/// The key that a token brings along (RFC 7515, 4.1.2 to 4.1.6) is not looked at.
#[tokio::test]
async fn a_key_of_its_own() {
    let stranger = Signer::rs256("k");
    let tokens = by_keys(&[&Signer::rs256("k")]);
    let header = json!({
        "alg": "RS256",
        "kid": "k",
        "jwk": stranger.jwk(),
        "jku": "http://127.0.0.1:9/jwks",
        "x5u": "http://127.0.0.1:9/x5u",
    });
    assert_invalid(&tokens, &stranger.sign_as(&header, &claims()), "own key").await;
    // A key set never turns a shared secret into a key.
    let header = json!({ "alg": "HS256", "kid": "../../../dev/null" });
    let token = Signer::hs256(b"").sign_as(&header, &claims());
    assert_invalid(&tokens, &token, "an empty secret").await;
    assert_invalid(&by_secret(), &token, "an empty secret").await;
}

#[tokio::test]
async fn for_somebody_else() {
    for changes in [
        json!({ "aud": "other" }),
        json!({ "aud": ["other", "another"] }),
        json!({ "aud": [] }),
        json!({ "aud": "" }),
        json!({ "aud": "Greenroom" }),
        json!({ "aud": "greenroom2" }),
        json!({ "aud": {"greenroom": true} }),
        json!({ "aud": null }),
    ] {
        let token = Signer::hs256(SECRET).sign(&claims_but(&changes));
        assert_invalid(&by_secret(), &token, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn by_somebody_else() {
    for changes in [
        json!({ "iss": "https://other.example" }),
        json!({ "iss": "https://host.example/" }),
        json!({ "iss": "https://host.example.evil" }),
        json!({ "iss": ["https://host.example"] }),
        json!({ "iss": "" }),
        json!({ "iss": null }),
    ] {
        let token = Signer::hs256(SECRET).sign(&claims_but(&changes));
        assert_invalid(&by_secret(), &token, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn about_nobody() {
    for changes in [
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": 7 }),
        json!({ "sub": "user\n1" }),
        json!({ "sub": "u".repeat(256) }),
    ] {
        let token = Signer::hs256(SECRET).sign(&claims_but(&changes));
        assert_invalid(&by_secret(), &token, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn too_late_and_too_early() {
    let tokens = by_secret();
    let token = Signer::hs256(SECRET).sign(&claims_but(&json!({
        "nbf": NOW,
        "exp": NOW + 100,
    })));
    let answer = async |seconds| tokens.verify(&token, at(seconds)).await;
    // Clocks may be 30 s apart, and no more.
    assert!(matches!(answer(NOW - 31).await, Err(TokenError::Invalid)));
    assert!(answer(NOW - 30).await.is_ok());
    let last = answer(NOW + 129).await.unwrap();
    assert!(last.expires_at > at(NOW + 129));
    assert!(matches!(answer(NOW + 130).await, Err(TokenError::Expired)));
    assert!(matches!(
        answer(i64::from(u32::MAX)).await,
        Err(TokenError::Expired)
    ));

    // The clock that counts is the argument: by the machine's, this has long expired.
    let old = Signer::hs256(SECRET).sign(&claims_but(&json!({ "exp": 1000 })));
    assert!(tokens.verify(&old, at(900)).await.is_ok());
    for exp in [json!(0), json!(-1), json!(-1e300), json!(NOW - 3600)] {
        let token = Signer::hs256(SECRET).sign(&claims_but(&json!({ "exp": exp })));
        assert!(matches!(
            refused(&tokens, &token).await,
            TokenError::Expired
        ));
    }
}

/// Who only makes up a token is not told that it would have expired.
#[tokio::test]
async fn expired_and_made_up() {
    let expired = claims_but(&json!({ "exp": NOW - 3600 }));
    let token = Signer::hs256(b"a secret that is not the one configured").sign(&expired);
    assert_invalid(&by_secret(), &token, "made up").await;
    let other = claims_but(&json!({ "exp": NOW - 3600, "aud": "other" }));
    let token = Signer::hs256(SECRET).sign(&other);
    assert_invalid(&by_secret(), &token, "for somebody else").await;
}

#[tokio::test]
async fn tampered_with() {
    let signers = [
        Signer::hs256(SECRET),
        Signer::rs256("r"),
        Signer::es256("e"),
        Signer::eddsa("d"),
    ];
    let admin = encode(&claims_but(&json!({ "roles": ["admin"] })));
    for signer in &signers {
        let tokens = match signer {
            Signer::Hs256 { .. } => by_secret(),
            signer => by_keys(&[signer]),
        };
        let token = signer.sign(&claims());
        assert!(tokens.verify(&token, now()).await.is_ok());

        let [header, payload, signature] = parts(&token);
        let promoted = format!("{header}.{admin}.{signature}");
        assert_invalid(&tokens, &promoted, "other claims").await;

        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            let altered = URL_SAFE_NO_PAD.encode(bytes);
            let token = format!("{header}.{payload}.{altered}");
            assert_invalid(&tokens, &token, "a bit of the signature").await;
        }
        // CVE-2022-21449: a signature of zeros that is good for everything.
        let zeros = URL_SAFE_NO_PAD.encode(vec![0; bytes.len()]);
        let token = format!("{header}.{payload}.{zeros}");
        assert_invalid(&tokens, &token, "zeros").await;
    }
}

/// An extension that must be understood (RFC 7515, 4.1.11) and is not.
#[tokio::test]
async fn critical_extensions() {
    let header = json!({ "alg": "HS256", "crit": ["b64"], "b64": false });
    let token = Signer::hs256(SECRET).sign_as(&header, &claims());
    assert_invalid(&by_secret(), &token, "crit").await;
}

#[tokio::test]
async fn what_is_no_token_at_all() {
    let tokens = by_secret();
    let deep = URL_SAFE_NO_PAD.encode("[".repeat(4000));
    let header = encode(&json!({ "alg": "HS256" }));
    let long = Signer::hs256(SECRET).sign(&claims_but(&json!({ "pad": "x".repeat(8192) })));
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "gs_0000",
        "\u{1F600}.\u{1F600}.\u{1F600}",
        &".".repeat(10_000),
        &"A".repeat(1_000_000),
        &format!("{header}.{deep}.AAAA"),
        &format!("{deep}.{header}.AAAA"),
        &format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode("[]")),
        &format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode([0xff; 16])),
        &format!("{header}.{header}.{header}.{header}.{header}"),
        &long,
    ] {
        let start: String = text.chars().take(40).collect();
        assert_invalid(&tokens, text, &start).await;
    }
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}
