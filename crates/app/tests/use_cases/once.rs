//! Requests that make something, sent again.

use greenroom_app::Refusal;
use greenroom_app::account::sign_in::{self, SignIn};
use greenroom_app::account::{
    authenticate, become_creator, change_password, register, setup, sign_out,
};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::stream::create::{self as plan, CreateStream};
use greenroom_domain::channel::KeyLabel;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::GuestId;
use greenroom_domain::shared::once::{Once, RequestKey};
use greenroom_testkit::builders::{guest_id, title};

use crate::support::{PEER, Platform, handle, password, registration, username};

fn once(key: &str, request: u8) -> Once {
    Once {
        key: RequestKey::parse(key).expect("a key"),
        request: [request; 32],
    }
}

#[tokio::test]
async fn what_is_asked_for_again_is_made_once() {
    let it = Platform::new();
    let guest = Actor::Guest(guest_id("ada"));
    let first = once("a", 1);
    let ask = || register::execute_once(&it.app, &guest, registration("ada"), Some(&first));
    let user = ask().await.expect("a free name");
    assert_eq!(ask().await.expect("the first answer").id, user.id);

    let ada = crate::support::acting(&user);
    let approved = become_creator::execute(&it.app, &ada).await;
    approved.expect("approved at once");
    let channel = || CreateChannel {
        handle: handle("ada"),
        title: title("Making things"),
    };
    let second = once("b", 2);
    let ask = || create::execute_once(&it.app, &ada, channel(), Some(&second));
    let (one, two) = tokio::join!(ask(), ask());
    let (one, two) = (one.expect("made"), two.expect("made"));
    assert_eq!(one.value.id, two.value.id, "one channel, however fast");
    let again = create::execute(&it.app, &ada, channel()).await;
    assert!(matches!(again, Err(Refusal::ChannelExists)), "unkeyed");

    let key = CreateKey {
        handle: handle("ada"),
        label: KeyLabel::parse("OBS").expect("a label"),
        bound_to: None,
    };
    let third = once("c", 3);
    let ask = || keys::create_once(&it.app, &ada, key.clone(), Some(&third));
    let made = ask().await.expect("a key");
    let again = ask().await.expect("the first answer");
    assert_eq!(made.key.id, again.key.id);
    assert_eq!(made.secret.expose(), again.secret.expose());

    let stream = CreateStream {
        handle: handle("ada"),
        title: None,
        category: None,
    };
    let fourth = once("d", 4);
    let ask = || plan::execute_once(&it.app, &ada, stream.clone(), Some(&fourth));
    let made = ask().await.expect("a stream").stream.id;
    assert_eq!(ask().await.expect("the first answer").stream.id, made);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_mistake() {
    let it = Platform::new();
    let (ada, _) = it.creator("ada").await;
    let plan = |title| CreateStream {
        handle: handle("ada"),
        title: Some(greenroom_testkit::builders::title(title)),
        category: None,
    };
    let (one, other) = (once("a", 1), once("a", 2));
    let planned = plan::execute_once(&it.app, &ada, plan("One"), Some(&one)).await;
    planned.expect("a stream");
    let refused = plan::execute_once(&it.app, &ada, plan("Other"), Some(&other)).await;
    assert!(matches!(refused, Err(Refusal::KeyReused)), "{refused:?}");

    let (bob, _) = it.creator("bob").await;
    let command = CreateStream {
        handle: handle("bob"),
        ..plan("Bob's")
    };
    let theirs = plan::execute_once(&it.app, &bob, command, Some(&other)).await;
    theirs.expect("a key is its sender's own");
}

fn credentials(secret: &str) -> SignIn {
    SignIn {
        username: username("ada"),
        password: password(secret),
        peer: PEER,
    }
}

#[tokio::test]
async fn the_same_sign_in_again_is_the_same_session_until_that_is_over() {
    let it = Platform::new();
    let ada = it.user("ada").await;
    let (one, other) = (once("a", 1), once("b", 1));
    let ask = |once| sign_in::execute_once(&it.app, credentials("correct horse"), Some(once));
    let (first, again) = tokio::join!(ask(&one), ask(&one));
    let (first, again) = (first.expect("signed in"), again.expect("signed in"));
    assert_eq!(first.token, again.token);
    assert_eq!(first.session, again.session);
    let another = ask(&other).await.expect("signed in");
    assert_ne!(another.token, first.token);
    let sessions = it
        .app
        .ports
        .sessions
        .of_user(ada.user().expect("a user"))
        .await;
    assert_eq!(sessions.expect("an answer").len(), 2, "one for each key");

    let wrong = sign_in::execute_once(&it.app, credentials("wrong horse"), Some(&one)).await;
    assert!(matches!(wrong, Err(Refusal::WrongCredentials)), "{wrong:?}");
    let reused = once("a", 2);
    let reused = ask(&reused).await;
    assert!(matches!(reused, Err(Refusal::KeyReused)), "{reused:?}");

    sign_out::execute(&it.app, &first.token).await.expect("out");
    let over = ask(&one).await;
    assert!(matches!(over, Err(Refusal::SessionEnded)), "{over:?}");
    let gone = authenticate::by_token(&it.app, first.token.expose()).await;
    assert!(matches!(gone, Err(Refusal::NotSignedIn)), "{gone:?}");

    let (old, new) = (password("correct horse"), password("battery staple"));
    let changed = change_password::execute(&it.app, &ada, old, new).await;
    changed.expect("the right password");
    let former = ask(&other).await;
    assert!(
        matches!(former, Err(Refusal::WrongCredentials)),
        "{former:?}"
    );
    let now = sign_in::execute_once(&it.app, credentials("battery staple"), Some(&other)).await;
    assert!(matches!(now, Err(Refusal::SessionEnded)), "{now:?}");
}

/// A token depends on what the request made, which is never the same: whoever has the token of a
/// session that was ended has nothing when its key is used again, after it was forgotten.
#[tokio::test]
async fn a_key_that_was_forgotten_opens_another_session() {
    let (before, after) = (Platform::new(), Platform::new());
    before.user("ada").await;
    after.user("bob").await;
    after.user("ada").await;
    let key = once("a", 1);
    let ask = |it: &Platform| {
        let (app, key) = (it.app.clone(), key.clone());
        async move { sign_in::execute_once(&app, credentials("correct horse"), Some(&key)).await }
    };
    let (first, later) = (ask(&before).await, ask(&after).await);
    assert_ne!(first.expect("in").token, later.expect("in").token);
}

#[tokio::test]
async fn an_account_that_is_made_again_is_its_own_by_its_password() {
    let it = Platform::new();
    let (first, other) = (once("a", 1), once("a", 2));
    let ask = |secret: &str, once| {
        let guest = Actor::Guest(GuestId::from_uuid(it.app.ports.ids.uuid()));
        let command = register::Register {
            password: password(secret),
            ..registration("ada")
        };
        let app = it.app.clone();
        async move { register::execute_once(&app, &guest, command, Some(once)).await }
    };
    let (one, two) = tokio::join!(ask("correct horse", &first), ask("correct horse", &first));
    assert_eq!(one.expect("made").id, two.expect("the first answer").id);
    for (secret, once) in [("wrong horse", &first), ("correct horse", &other)] {
        let taken = ask(secret, once).await;
        assert!(matches!(taken, Err(Refusal::UsernameTaken)), "{taken:?}");
    }
}

#[tokio::test]
async fn the_same_setup_again_is_the_same_administrator_also_after_a_restart() {
    let it = Platform::new();
    let link = setup::open(&it.app).await.expect("an answer");
    let link = link.expect("an empty server has a link");
    let (first, other) = (once("a", 1), once("a", 2));
    let ask = |once| setup::execute_once(&it.app, &link, registration("root"), Some(once));
    let (one, two) = tokio::join!(ask(&first), ask(&first));
    let root = one.expect("the first administrator");
    assert_eq!(two.expect("the first answer").id, root.id);
    let refused = ask(&other).await;
    assert!(
        matches!(refused, Err(Refusal::SetupLinkInvalid)),
        "{refused:?}"
    );
    let wrong = register::Register {
        password: password("wrong horse"),
        ..registration("root")
    };
    let refused = setup::execute_once(&it.app, &link, wrong, Some(&first)).await;
    assert!(
        matches!(refused, Err(Refusal::SetupLinkInvalid)),
        "{refused:?}"
    );

    let restarted = it.another("two");
    let again = setup::execute_once(&restarted.app, &link, registration("root"), Some(&first));
    assert_eq!(again.await.expect("the first answer").id, root.id);
}
