//! Accounts: register, sign in and out, the first administrator, creators.

use greenroom_app::account::review_creator::{self, Review};
use greenroom_app::account::sign_in::{self, SignIn};
use greenroom_app::account::{
    authenticate, become_creator, change_password, register, setup, sign_out,
};
use greenroom_app::{Refusal, Registration, Settings};
use greenroom_domain::access::Denied;
use greenroom_domain::account::{
    AccountError, CreatorApproval, CreatorStatus, Role, SESSION_LIFETIME,
};
use greenroom_domain::channel::IngestGate;
use greenroom_domain::media::PublishRefused;
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::rate::Quota;
use greenroom_domain::stream::{EndReason, StreamState};
use greenroom_testkit::builders::guest_id;
use greenroom_testkit::identity::says;
use greenroom_testkit::media::MediaCall;

use crate::support::{
    PEER, Platform, acting, handle, now, password, registration, settings, username,
};

fn credentials(name: &str, secret: &str) -> SignIn {
    SignIn {
        username: username(name),
        password: password(secret),
        peer: PEER,
    }
}

#[tokio::test]
async fn a_name_is_registered_once_and_signs_in_until_it_signs_out() {
    let it = Platform::new();
    let ada = it.register("ada").await.expect("a free name");
    assert_eq!(ada.role, Role::User);
    assert!(matches!(
        it.register("Ada").await,
        Err(Refusal::UsernameTaken)
    ));

    let wrong = sign_in::execute(&it.app, credentials("ada", "wrong horse")).await;
    assert!(matches!(wrong, Err(Refusal::WrongCredentials)));
    let nobody = sign_in::execute(&it.app, credentials("nobody", "correct horse")).await;
    assert!(matches!(nobody, Err(Refusal::WrongCredentials)));

    let session = sign_in::execute(&it.app, credentials("ada", "correct horse"))
        .await
        .expect("the right password");
    let found = authenticate::by_token(&it.app, session.token.expose()).await;
    assert_eq!(found.expect("signed in").actor, acting(&ada));

    sign_out::execute(&it.app, &session.token)
        .await
        .expect("out");
    sign_out::execute(&it.app, &session.token)
        .await
        .expect("again is no change");
    let gone = authenticate::by_token(&it.app, session.token.expose()).await;
    assert!(matches!(gone, Err(Refusal::NotSignedIn)));
}

#[tokio::test]
async fn of_two_who_register_a_name_at_once_one_gets_it() {
    let it = Platform::new();
    let (one, two) = tokio::join!(it.register("ada"), it.register("ada"));
    let won = [&one, &two].iter().filter(|made| made.is_ok()).count();
    assert_eq!(won, 1);
    assert!(matches!(one.and(two), Err(Refusal::UsernameTaken)));
}

#[tokio::test]
async fn a_session_runs_out_and_a_new_password_ends_them_all() {
    let it = Platform::new();
    let ada = it.user("ada").await;
    let signed_in = sign_in::execute(&it.app, credentials("ada", "correct horse"))
        .await
        .expect("the right password");

    let (old, new) = (password("correct horse"), password("battery staple"));
    let wrong = change_password::execute(&it.app, &ada, new.clone(), old.clone()).await;
    assert!(matches!(wrong, Err(Refusal::WrongCredentials)));
    change_password::execute(&it.app, &ada, old, new)
        .await
        .expect("the right password");
    let ended = authenticate::by_token(&it.app, signed_in.token.expose()).await;
    assert!(matches!(ended, Err(Refusal::NotSignedIn)));

    let again = sign_in::execute(&it.app, credentials("ada", "battery staple"))
        .await
        .expect("the new password");
    it.clock.advance(SESSION_LIFETIME);
    let expired = authenticate::by_token(&it.app, again.token.expose()).await;
    assert!(matches!(expired, Err(Refusal::NotSignedIn)));
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let sign_in_quota = Quota {
        burst: 3,
        per: std::time::Duration::from_secs(60),
    };
    let it = Platform::with(Settings {
        sign_in_quota,
        ..settings()
    });
    it.register("ada").await.expect("a free name");
    for _ in 0..3 {
        let wrong = sign_in::execute(&it.app, credentials("ada", "wrong horse")).await;
        assert!(matches!(wrong, Err(Refusal::WrongCredentials)));
    }
    let right = sign_in::execute(&it.app, credentials("ada", "correct horse")).await;
    let Err(Refusal::TooMany { retry_after }) = right else {
        panic!("not slowed down: {right:?}");
    };
    it.clock.advance(retry_after);
    sign_in::execute(&it.app, credentials("ada", "correct horse"))
        .await
        .expect("it was waited for");
}

#[tokio::test]
async fn closed_registration_is_the_operators() {
    let it = Platform::with(Settings {
        registration: Registration::Closed,
        ..settings()
    });
    assert!(matches!(
        it.register("ada").await,
        Err(Refusal::RegistrationClosed)
    ));
    register::execute(&it.app, &Actor::Operator, registration("ada"))
        .await
        .expect("the operator may always");
}

#[tokio::test]
async fn the_first_administrators_link_works_once() {
    let it = Platform::new();
    let link = setup::open(&it.app).await.expect("an answer");
    let link = link.expect("an empty server has a link");
    assert!(setup::is_open(&it.app));

    let other = greenroom_domain::account::SessionToken::generate([7; 32]);
    let wrong = setup::execute(&it.app, &other, registration("eve")).await;
    assert!(matches!(wrong, Err(Refusal::SetupLinkInvalid)));

    let (one, two) = tokio::join!(
        setup::execute(&it.app, &link, registration("root")),
        setup::execute(&it.app, &link, registration("eve")),
    );
    assert_eq!([&one, &two].iter().filter(|made| made.is_ok()).count(), 1);
    assert!(matches!(one.and(two), Err(Refusal::SetupLinkInvalid)));
    assert!(!setup::is_open(&it.app));
    assert!(setup::open(&it.app).await.expect("an answer").is_none());
}

#[tokio::test]
async fn the_link_is_worth_nothing_once_there_is_an_administrator_by_another_way() {
    let it = Platform::new();
    let link = setup::open(&it.app).await.expect("an answer");
    let link = link.expect("an empty server has a link");
    let ada = it.register("ada").await.expect("a free name");
    review_creator::execute(
        &it.app,
        &Actor::Operator,
        ada.id,
        Review::SetRole(Role::Admin),
    )
    .await
    .expect("the operator may");
    let late = setup::execute(&it.app, &link, registration("eve")).await;
    assert!(matches!(late, Err(Refusal::SetupLinkInvalid)));
}

#[tokio::test]
async fn whoever_asks_may_create_where_that_is_automatic() {
    let it = Platform::new();
    let ada = it.user("ada").await;
    for _ in 0..2 {
        let user = become_creator::execute(&it.app, &ada).await;
        assert_eq!(user.expect("approved").creator, CreatorStatus::Approved);
    }
    let guest = Actor::Guest(guest_id("guest"));
    assert!(matches!(
        become_creator::execute(&it.app, &guest).await,
        Err(Refusal::Denied(Denied::SignInFirst))
    ));
}

#[tokio::test]
async fn an_administrator_approves_where_they_decide() {
    let it = Platform::with(Settings {
        approval: CreatorApproval::ByAdministrator,
        ..settings()
    });
    let admin = it.admin().await;
    let ada = it.user("ada").await;
    let id = ada.user().expect("a user");
    let asked = become_creator::execute(&it.app, &ada).await;
    assert_eq!(asked.expect("asked").creator, CreatorStatus::Requested);

    let herself = review_creator::execute(&it.app, &ada, id, Review::Approve).await;
    assert!(matches!(herself, Err(Refusal::Denied(Denied::Forbidden))));
    let approved = review_creator::execute(&it.app, &admin, id, Review::Approve).await;
    assert_eq!(approved.expect("approved").creator, CreatorStatus::Approved);
}

#[tokio::test]
async fn suspending_a_creator_ends_their_stream_and_keeps_them_out() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let lease = it.publish(&key.secret).await.expect("let in");

    let id = ada.user().expect("a user");
    review_creator::execute(&it.app, &admin, id, Review::Suspend)
        .await
        .expect("the administrator may");

    let ended = it.stream(lease.stream).await;
    assert!(matches!(
        ended.state,
        StreamState::Ended {
            reason: EndReason::AdminEnded,
            ..
        }
    ));
    let end = MediaCall::End(channel.id, lease.stream);
    assert_eq!(it.media.count(end), 1);
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::Locked)
    ));
    assert!(matches!(
        become_creator::execute(&it.app, &ada).await,
        Err(Refusal::Account(AccountError::CreatorSuspended))
    ));
}

#[tokio::test]
async fn a_creator_who_is_suspended_while_their_encoder_comes_in_is_not_live() {
    let it = Platform::new();
    let admin = it.admin().await;
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    let id = ada.user().expect("a user");
    let suspend = review_creator::execute(&it.app, &admin, id, Review::Suspend);
    let (let_in, suspended) = it.commits.between(it.publish(&key.secret), suspend).await;
    suspended.expect("the administrator may");
    assert!(matches!(let_in, Err(PublishRefused::Locked)));
    assert!(it.live_of(channel.id).await.is_none());
}

#[tokio::test]
async fn a_user_of_the_host_platform_is_made_at_first_sight() {
    let it = Platform::new();
    it.register("ada").await.expect("a free name");
    let until = now(&it) + std::time::Duration::from_secs(60);
    let mut token = says("4711", until);
    token.name = Some("ada".to_owned());
    token.is_creator = true;
    it.tokens.add("token", token);

    let (one, two) = tokio::join!(
        authenticate::by_token(&it.app, "token"),
        authenticate::by_token(&it.app, "token"),
    );
    let (one, two) = (one.expect("known"), two.expect("known"));
    assert_eq!(one.user.id, two.user.id);
    assert_eq!(one.expires_at, until);
    assert_eq!(one.user.creator, CreatorStatus::Approved);
    assert_eq!(one.user.display_name.as_str(), "ada");
    assert_ne!(one.user.username, username("ada"), "that name is another's");

    it.advance(60);
    let late = authenticate::by_token(&it.app, "token").await;
    assert!(matches!(late, Err(Refusal::NotSignedIn)));
    let unknown = authenticate::by_token(&it.app, "another").await;
    assert!(matches!(unknown, Err(Refusal::NotSignedIn)));
}

#[tokio::test]
async fn a_guests_cookie_is_worth_something_only_as_it_was_signed() {
    let it = Platform::new();
    let (guest, cookie) = authenticate::new_guest(&it.app);
    assert_eq!(authenticate::guest(&it.app, &cookie), Some(guest));
    let (other, _) = authenticate::new_guest(&it.app);
    let (_, signature) = cookie.split_once('.').expect("id and signature");
    let forged = format!("{}.{signature}", other.uuid().simple());
    assert_eq!(authenticate::guest(&it.app, &forged), None);
    assert_eq!(authenticate::guest(&it.app, "no cookie"), None);
}

#[tokio::test]
async fn a_suspended_creators_channel_stays_shut_until_somebody_lifts_the_lock() {
    let it = Platform::new();
    let (ada, channel) = it.creator("ada").await;
    let key = it.key(&ada, &channel, None).await;
    it.publish(&key.secret).await.expect("let in");
    let id = ada.user().expect("a user");
    for review in [Review::Suspend, Review::Approve] {
        review_creator::execute(&it.app, &Actor::Operator, id, review)
            .await
            .expect("the operator may");
    }
    assert!(matches!(
        it.publish(&key.secret).await,
        Err(PublishRefused::Locked)
    ));
    let open = greenroom_app::channel::lock::lift(&it.app, &Actor::Operator, &handle("ada")).await;
    assert_eq!(open.expect("lifted").gate, IngestGate::Open);
    it.publish(&key.secret).await.expect("let in again");
}
