//! Who may create, and what becomes of an account.

use greenroom_domain::account::{
    AccountError, AccountEvent, CreatorApproval, CreatorStatus, DisplayName, Login, NewUser,
    Password, PasswordHash, Role, Session, SessionId, SessionToken, Subject, User, Username,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::decision::Decision;
use greenroom_domain::shared::id::{PictureId, UserId};
use greenroom_domain::shared::secret::Mac;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

#[test]
fn asking_is_enough_where_nobody_has_to_approve() {
    let approved = request(user(), CreatorApproval::Automatic).expect("may ask");
    assert_eq!(approved.next.creator, CreatorStatus::Approved);
    assert_eq!(approved.next.require_creator(), Ok(()));
}

#[test]
fn asking_waits_for_an_administrator_where_one_has_to_approve() {
    let asked = request(user(), CreatorApproval::ByAdministrator).expect("may ask");
    assert_eq!(
        asked.happened,
        [AccountEvent::CreatorRequested { user: user().id }.into()]
    );
    let asked = asked.next;
    assert_eq!(asked.require_creator(), Err(AccountError::NotACreator));
    let again = request(asked.clone(), CreatorApproval::ByAdministrator).expect("may ask");
    assert!(again.is_unchanged());
    let eased = request(asked.clone(), CreatorApproval::Automatic).expect("may ask");
    assert_eq!(eased.next.creator, CreatorStatus::Approved);
    let approved = asked.approve_creator();
    assert_eq!(approved.next.require_creator(), Ok(()));
    assert!(approved.next.approve_creator().is_unchanged());
}

#[test]
fn a_suspended_creator_cannot_ask_themselves_back() {
    let suspended = user().approve_creator().next.suspend_creator();
    assert!(!suspended.is_unchanged());
    let suspended = suspended.next;
    assert_eq!(
        suspended.require_creator(),
        Err(AccountError::CreatorSuspended)
    );
    for approval in [CreatorApproval::Automatic, CreatorApproval::ByAdministrator] {
        assert_eq!(
            request(suspended.clone(), approval),
            Err(AccountError::CreatorSuspended)
        );
    }
    assert!(suspended.clone().suspend_creator().is_unchanged());
    let back = suspended.approve_creator().next;
    assert_eq!(back.require_creator(), Ok(()));
}

#[test]
fn what_is_so_already_changes_nothing() {
    let same = user().rename(user().display_name);
    assert!(same.is_unchanged());
    assert!(user().set_role(Role::User).is_unchanged());
    let admin = user().set_role(Role::Admin);
    assert_eq!(admin.next.role, Role::Admin);
    assert_eq!(admin.happened.len(), 1);
}

#[test]
fn only_a_password_of_our_own_can_be_changed() {
    let changed = user().change_password(PasswordHash("$new".to_owned()));
    let changed = changed.expect("a local account");
    assert_eq!(
        changed.next.login,
        Login::Local(PasswordHash("$new".to_owned()))
    );
    let of_host = User {
        login: Login::Host(Subject {
            issuer: "https://host.example".to_owned(),
            subject: "42".to_owned(),
        }),
        ..user()
    };
    assert_eq!(
        of_host.change_password(PasswordHash("$new".to_owned())),
        Err(AccountError::SignsInElsewhere)
    );
}

#[test]
fn passwords_are_long_enough_and_never_shown() {
    assert!(Password::parse("123456789".to_owned()).is_err());
    assert!(Password::parse("1234567890".to_owned()).is_ok());
    assert!(Password::parse("x".repeat(256)).is_ok());
    assert!(Password::parse("x".repeat(257)).is_err());
    let password = Password::parse("correct horse".to_owned()).expect("long enough");
    let shown = format!("{password:?} {:?}", user());
    assert!(!shown.contains("horse") && !shown.contains("$argon2id"));
}

#[test]
fn a_session_ends_when_its_time_is_over() {
    let session = Session::open(SessionId(Mac([1; 32])), user().id, NOW);
    assert!(session.is_valid(NOW));
    assert!(!session.is_valid(session.expires_at));
    let token = SessionToken::generate([7; 32]);
    assert_eq!(SessionToken::parse(token.expose()), Some(token.clone()));
    assert_eq!(SessionToken::parse("gk_"), None);
    assert!(!format!("{token:?}").contains("07"));
}

fn request(user: User, approval: CreatorApproval) -> Result<Decision<User>, AccountError> {
    user.request_creator(approval)
}

#[test]
fn another_picture_tells_of_the_one_that_nobody_shows_any_more() {
    let picture = |n| Some(PictureId::from_uuid(Uuid::from_u128(n)));
    let first = user().show_avatar(picture(1)).next;
    assert_eq!(first.avatar, picture(1));
    assert!(first.clone().show_avatar(picture(1)).is_unchanged());
    let removed = first.clone().show_avatar(None);
    let event = AccountEvent::AvatarChanged {
        user: first.id,
        avatar: None,
        before: picture(1),
    };
    assert_eq!(removed.happened, vec![event.into()]);
}

fn user() -> User {
    let new = NewUser {
        id: UserId::from_uuid(Uuid::from_u128(1)),
        username: Username::parse("ada").expect("a name"),
        display_name: DisplayName::parse("Ada").expect("a name"),
        role: Role::User,
        login: Login::Local(PasswordHash("$argon2id$…".to_owned())),
    };
    User::register(new, NOW).next
}
