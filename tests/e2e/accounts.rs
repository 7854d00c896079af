//! Who somebody is: accounts, sessions, the first administrator, the host platform's tokens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use greenroom_tests::api::Api;
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::node::Node;
use greenroom_tests::server::Server;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn from_registration_to_being_live() {
    let server = Server::start().await;
    let anybody = server.api();
    let account = json!({ "username": "Kim", "password": PASSWORD, "display_name": "Kim ✨" });
    let made = anybody.post("/api/v1/users", &account).await.expect(201);
    assert_eq!(
        (&made["username"], &made["role"]),
        (&json!("kim"), &json!("user"))
    );
    let credentials = json!({ "username": "kim", "password": PASSWORD });
    let signed_in = anybody
        .post("/api/v1/sessions", &credentials)
        .await
        .expect(201);
    let kim = server.api_as(text(&signed_in, "/token"));

    let channel = json!({ "handle": "kim", "title": "On air" });
    let early = kim.post("/api/v1/channels", &channel).await;
    early.refused(403, "NOT_A_CREATOR");
    let creator = kim.post("/api/v1/me/creator", &json!({})).await.expect(200);
    assert_eq!(creator["creator_status"], "approved");
    let made = kim.post("/api/v1/channels", &channel).await.expect(201);
    assert_eq!(made["ingest"]["addresses"][0]["protocol"], "rtmp");
    let address = text(&made, "/ingest/addresses/0/url").to_owned();
    let key = kim
        .post("/api/v1/channels/kim/keys", &json!({ "label": "OBS" }))
        .await;
    let key = key.expect(201);

    // The address that the creator is told is the one that works.
    assert!(
        address.ends_with(&format!(":{}/live", server.rtmp_port())),
        "{address}"
    );
    let publisher = Publish::default().to(&format!("{address}/{}", text(&key, "/secret")));
    let live = |answer: &greenroom_tests::api::Answer| {
        answer.json["live"]["id"].as_str().map(str::to_owned)
    };
    let channel = "/api/v1/channels/kim";
    let stream = anybody.until(channel, "it is live", LIMIT, live).await;
    let listed = anybody.get("/api/v1/streams").await.expect(200);
    assert_eq!(listed["items"][0]["id"], stream.as_str());
    publisher.stop().await;
}

#[tokio::test]
async fn the_one_time_link_makes_the_administrator_once() {
    let mut server = Server::start().await;
    let link = server
        .setup_link()
        .expect("an empty server prints it")
        .to_owned();
    let (page, token) = link
        .split_once('#')
        .expect("the secret is no part of a request");
    assert!(page.ends_with("/setup"), "{link}");
    let api = server.api();
    assert_eq!(api.get("/api/v1/setup").await.expect(200)["open"], true);
    let first =
        |token: &str, name: &str| json!({ "token": token, "username": name, "password": PASSWORD });
    let guessed = api.post("/api/v1/setup", &first("guessed", "eve")).await;
    guessed.refused(403, "SETUP_LINK_INVALID");

    // A start later it is another link; the old one is worth nothing.
    server.stop().await;
    server.restart().await;
    let api = server.api();
    let newer = server
        .setup_link()
        .expect("there is no administrator yet")
        .to_owned();
    assert_ne!(link, newer);
    let old = api.post("/api/v1/setup", &first(token, "eve")).await;
    old.refused(403, "SETUP_LINK_INVALID");

    let (_, token) = newer.split_once('#').expect("it has a secret");
    let made = api
        .post("/api/v1/setup", &first(token, "root"))
        .await
        .expect(201);
    assert_eq!(made["role"], "admin");
    let again = api.post("/api/v1/setup", &first(token, "eve")).await;
    again.refused(403, "SETUP_LINK_INVALID");
    assert_eq!(api.get("/api/v1/setup").await.expect(200)["open"], false);
    let nobody = api.get("/api/v1/users/eve").await;
    nobody.refused(404, "USER_NOT_FOUND");

    let admin = sign_in(&server, "root").await;
    admin.get("/api/v1/users").await.expect(200);
    server.kill().await;
    server.restart().await;
    assert_eq!(server.setup_link(), None);
    admin.get("/api/v1/users").await.expect(200);
    assert!(!server.has_logged(token), "the link is in the log");
}

#[tokio::test]
async fn the_page_behind_the_link_does_it() {
    let server = Server::start().await;
    let link = server
        .setup_link()
        .expect("an empty server prints it")
        .to_owned();
    let form = [
        ("SETUP_LINK", link.as_str()),
        ("USERNAME", "root"),
        ("PASSWORD", PASSWORD),
    ];
    let mut page = Node::run("setup-page.mjs", &form);
    let shown = page.next(LIMIT).await.expect("the page answers");
    assert_eq!(shown["status"], 201, "{shown}");
    assert_eq!(shown["formShown"], false, "{shown}");
    assert_eq!(shown["complaints"], json!([]), "{shown}");
    // The used secret does not stay in the address bar.
    assert!(!text(&shown, "/address").contains('#'), "{shown}");
    let admin = sign_in(&server, "root").await;
    assert_eq!(admin.get("/api/v1/me").await.expect(200)["role"], "admin");

    // A used link makes nobody, whether the page still shows a form or says so.
    let form = form.map(|(name, value)| (name, if name == "USERNAME" { "eve" } else { value }));
    let mut again = Node::run("setup-page.mjs", &form);
    let shown = again.next(LIMIT).await.expect("the page answers");
    assert!(shown["form"] == false || shown["status"] == 403, "{shown}");
    let nobody = server.api().get("/api/v1/users/eve").await;
    nobody.refused(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn sessions_outlive_the_server_and_end_with_signing_out() {
    let mut server = Server::start().await;
    let (token, _) = server.user("kim").await;
    let bearer = server.api_as(&token);
    // A browser: it has the cookie alone.
    let browser = server.api();
    let change = json!({ "username": "kim", "password": "a long enough password" });
    let signed_in = browser.post("/api/v1/sessions", &change).await;
    let cookie = signed_in.header("set-cookie").to_owned();
    for part in ["greenroom_session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    signed_in.expect(201);

    server.kill().await;
    server.restart().await;
    for who in [&bearer, &browser] {
        assert_eq!(who.get("/api/v1/me").await.expect(200)["username"], "kim");
    }
    // Another site's page has the cookie too, but may change nothing.
    let foreign = [
        ("origin", "https://evil.example"),
        ("content-type", "application/json"),
    ];
    let body = json!({ "display_name": "Eve" }).to_string();
    let refused = browser.raw("PATCH", "/api/v1/me", &foreign, body).await;
    refused.refused(403, "FOREIGN_ORIGIN");

    let stolen = cookie
        .split(';')
        .next()
        .expect("a cookie has a value")
        .to_owned();
    browser.delete("/api/v1/sessions/current").await.expect(204);
    browser
        .get("/api/v1/me")
        .await
        .refused(401, "SIGN_IN_FIRST");
    let replayed = server
        .api()
        .raw("GET", "/api/v1/me", &[("cookie", &stolen)], "")
        .await;
    replayed.refused(401, "SIGN_IN_FIRST");
    // The other session goes on; a new password ends it, and survives a kill.
    let passwords = json!({ "old_password": "a long enough password", "new_password": PASSWORD });
    bearer
        .put("/api/v1/me/password", &passwords)
        .await
        .expect(204);
    server.kill().await;
    server.restart().await;
    bearer.get("/api/v1/me").await.refused(401, "NOT_SIGNED_IN");
    let old = server.api().post("/api/v1/sessions", &change).await;
    old.refused(401, "WRONG_CREDENTIALS");
    sign_in(&server, "kim").await;
}

const ISSUER: &str = "https://host.example";
const AUDIENCE: &str = "greenroom";
const SECRET: &[u8] = b"a secret of the host platform: 32+ bytes";

/// A server that trusts the host platform's tokens.
pub(crate) async fn hosted() -> Server {
    Server::start_with(&[
        ("GREENROOM_HOST__ISSUER", ISSUER),
        ("GREENROOM_HOST__AUDIENCE", "[\"greenroom\"]"),
        (
            "GREENROOM_HOST__SECRETS",
            "[\"a secret of the host platform: 32+ bytes\"]",
        ),
        ("GREENROOM_HOST__ADMIN_CLAIM", "roles=moderator"),
        ("GREENROOM_HOST__CREATOR_CLAIM", "artist"),
    ])
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server's clock is the real one"
)]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is right").as_secs()
}

/// What a good token claims of this subject.
pub(crate) fn claims(subject: &str) -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now(), "exp": now() + 600 })
}

/// The same with more or other claims.
pub(crate) fn with(mut claims: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (claims.as_object_mut(), more) else {
        panic!("claims are objects");
    };
    for (name, value) in more {
        match value {
            Value::Null => fields.remove(&name),
            value => fields.insert(name, value),
        };
    }
    claims
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A token signed by HMAC (RFC 7515, A.1), whatever its header says.
pub(crate) fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = unsigned(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

pub(crate) fn hs256(claims: &Value) -> String {
    signed(&json!({ "alg": "HS256", "typ": "JWT" }), claims, SECRET)
}

#[tokio::test]
async fn a_person_of_the_host_platform_is_known_at_first_sight() {
    let mut server = hosted().await;
    let ann = with(
        claims("user-17"),
        json!({ "name": "Ann Artist", "artist": true }),
    );
    let api = server.api_as(&hs256(&ann));
    let me = api.get("/api/v1/me").await.expect(200);
    assert_eq!(me["display_name"], "Ann Artist");
    assert_eq!(
        (&me["role"], &me["creator_status"]),
        (&json!("user"), &json!("approved"))
    );
    api.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    let channel = json!({ "handle": "ann", "title": "Hers" });
    api.post("/api/v1/channels", &channel).await.expect(201);

    // Another token of theirs, after a kill: the same person.
    server.kill().await;
    server.restart().await;
    let later = with(ann, json!({ "exp": now() + 900, "jti": "2" }));
    let again = server
        .api_as(&hs256(&later))
        .get("/api/v1/me")
        .await
        .expect(200);
    assert_eq!(again["id"], me["id"]);
    let own = server
        .api_as(&hs256(&later))
        .get("/api/v1/me/channel")
        .await;
    assert_eq!(own.expect(200)["handle"], "ann");

    // The claim makes administrators, and takes it with the next token that lacks it.
    let boss = |roles: Value| hs256(&with(claims("boss"), json!({ "roles": roles })));
    let admin = server.api_as(&boss(json!(["user", "moderator"])));
    assert_eq!(admin.get("/api/v1/me").await.expect(200)["role"], "admin");
    let users = admin.get("/api/v1/users").await.expect(200);
    assert_eq!(users["items"].as_array().map(Vec::len), Some(2), "{users}");
    let former = server.api_as(&boss(json!(["user"])));
    former.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    // Names of the host are no local accounts: nobody can sign in to them with a password.
    let local = json!({ "username": text(&me, "/username"), "password": PASSWORD });
    let refused = server.api().post("/api/v1/sessions", &local).await;
    refused.refused(401, "WRONG_CREDENTIALS");
}

#[tokio::test]
async fn forged_tokens_are_nobody() {
    let server = hosted().await;
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let good = claims("mallory");
    let altered = |more: Value| hs256(&with(good.clone(), more));
    let sealed = hs256(&good);
    let (text, signature) = sealed.rsplit_once('.').expect("a token has three parts");
    let other = unsigned(
        &header,
        &with(good.clone(), json!({ "roles": ["moderator"] })),
    );
    let forged = [
        (
            "no signature asked for",
            signed(&json!({ "alg": "none" }), &good, SECRET),
        ),
        (
            "none",
            format!("{}.", unsigned(&json!({ "alg": "none" }), &good)),
        ),
        (
            "None",
            format!("{}.", unsigned(&json!({ "alg": "None" }), &good)),
        ),
        ("signature cut off", format!("{text}.")),
        ("two parts", text.to_owned()),
        ("another text under it", format!("{other}.{signature}")),
        (
            "another secret",
            signed(&header, &good, b"another secret of the host platform...."),
        ),
        ("no secret", signed(&header, &good, b"")),
        (
            "another algorithm named",
            signed(&json!({ "alg": "RS256" }), &good, SECRET),
        ),
        (
            "a stronger one named",
            signed(&json!({ "alg": "HS512" }), &good, SECRET),
        ),
        (
            "unknown critical header",
            signed(
                &json!({ "alg": "HS256", "crit": ["b64"], "b64": false }),
                &good,
                SECRET,
            ),
        ),
        (
            "exp is a text",
            altered(json!({ "exp": (now() + 600).to_string() })),
        ),
        ("no exp", altered(json!({ "exp": null }))),
        ("expired", altered(json!({ "exp": now() - 600 }))),
        ("not yet", altered(json!({ "nbf": now() + 600 }))),
        ("nbf is a text", altered(json!({ "nbf": "0" }))),
        ("for another", altered(json!({ "aud": "elsewhere" }))),
        (
            "for others",
            altered(json!({ "aud": ["elsewhere", "greenroom2"] })),
        ),
        ("for nobody", altered(json!({ "aud": null }))),
        (
            "by another",
            altered(json!({ "iss": "https://evil.example" })),
        ),
        ("by nobody", altered(json!({ "iss": null }))),
        ("of nobody", altered(json!({ "sub": null }))),
        ("of a number", altered(json!({ "sub": 17 }))),
        ("of an empty text", altered(json!({ "sub": "" }))),
        ("no JSON", signed(&header, &json!("x"), SECRET)),
        ("no token", "a.b.c".to_owned()),
    ];
    for (what, token) in &forged {
        let answer = server.api_as(token).get("/api/v1/me").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        let code = answer.json["code"].as_str().unwrap_or_default();
        assert!(
            ["TOKEN_REFUSED", "NOT_SIGNED_IN"].contains(&code),
            "{what}: {}",
            answer.text
        );
        answer.refused(401, code);
        assert!(!answer.header("www-authenticate").is_empty(), "{what}");
        // A public page is not shown to a guest instead, nor is anything changed.
        let refused = server.api_as(token).get("/api/v1/streams").await;
        assert_eq!(refused.status, 401, "{what}");
    }
    // Nobody was made of all that; the honest ones get in.
    let boss = with(claims("boss"), json!({ "roles": "moderator" }));
    let admin = server.api_as(&hs256(&boss));
    let users = admin.get("/api/v1/users").await.expect(200);
    assert_eq!(users["items"].as_array().map(Vec::len), Some(1), "{users}");
    server.api_as(&sealed).get("/api/v1/me").await.expect(200);
    // Claims that a token may carry in several forms.
    let many = altered(json!({ "aud": ["elsewhere", AUDIENCE] }));
    server.api_as(&many).get("/api/v1/me").await.expect(200);
    for (what, token) in &forged {
        assert!(
            token.len() < 40 || !server.has_logged(token),
            "{what} is in the log"
        );
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let pair = Ed25519KeyPair::generate().expect("there is randomness");
    let public = pair.public_key().as_ref();
    let x = URL_SAFE_NO_PAD.encode(public);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1", "x": x });
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("jwks.json");
    let keys = json!({ "keys": [jwk] }).to_string();
    std::fs::write(&file, &keys).expect("a file can be written");
    let server = Server::start_with(&[
        ("GREENROOM_HOST__ISSUER", ISSUER),
        ("GREENROOM_HOST__AUDIENCE", "[\"greenroom\"]"),
        (
            "GREENROOM_HOST__JWKS_FILE",
            file.to_str().expect("the path is UTF-8"),
        ),
    ])
    .await;
    let text = unsigned(&json!({ "alg": "EdDSA", "kid": "1" }), &claims("user-17"));
    let signature = pair.sign(text.as_bytes());
    let good = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
    server.api_as(&good).get("/api/v1/me").await.expect(200);
    // Whoever knows the public key signs with it as if it were a shared secret.
    for secret in [
        public,
        x.as_bytes(),
        keys.as_bytes(),
        jwk.to_string().as_bytes(),
    ] {
        for header in [
            json!({ "alg": "HS256", "kid": "1" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "EdDSA", "kid": "1" }),
            json!({ "alg": "HS256", "kid": "1", "jwk": { "kty": "oct", "k": "" } }),
        ] {
            let forged = signed(&header, &claims("user-17"), secret);
            let answer = server.api_as(&forged).get("/api/v1/me").await;
            assert_eq!(answer.status, 401, "{header}: {}", answer.text);
        }
    }
}

/// Signs in with [`PASSWORD`].
async fn sign_in(server: &Server, name: &str) -> Api {
    let credentials = json!({ "username": name, "password": PASSWORD });
    let signed_in = server.api().post("/api/v1/sessions", &credentials).await;
    server.api_as(text(&signed_in.expect(201), "/token"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer}: {value}"))
}
