//! Requests that make something, sent again.

use greenroom_app::Refusal;
use greenroom_app::account::{become_creator, register};
use greenroom_app::channel::create::{self, CreateChannel};
use greenroom_app::channel::keys::{self, CreateKey};
use greenroom_app::stream::create::{self as plan, CreateStream};
use greenroom_domain::channel::KeyLabel;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::once::{Once, RequestKey};
use greenroom_testkit::builders::{guest_id, title};

use crate::support::{Platform, handle, registration};

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
