use super::of;
use crate::public_api::source::inline;

/// The lines of a crate that is written in one text.
fn lines(text: &str) -> Vec<String> {
    let listing = of("it", &inline(text));
    let lines = listing.lines().skip_while(|line| !line.is_empty());
    lines.skip(1).map(str::to_owned).collect()
}

#[test]
fn what_is_private_is_not_listed() {
    let listed = lines(
        "mod inner { pub struct Unreachable; pub(crate) fn used() {} }
         pub(crate) struct Ours;
         pub struct Open { pub field: u8, hidden: u8 }
         impl Open { pub fn read(&self) -> u8 { 0 } fn write(&self) {} }
         #[doc(hidden)] pub fn internal() {}",
    );
    assert_eq!(
        listed,
        [
            "pub struct it::Open { _ }",
            "pub it::Open::field: u8",
            "pub fn it::Open::read(&self) -> u8",
        ]
    );
}

#[test]
fn what_is_reexported_is_listed_by_the_name_that_others_use() {
    let listed = lines(
        "mod entity { #[derive(Clone)] pub struct Room; impl Room { pub const MAX: u8 = 1; } }
         mod more { use super::entity::Room; impl Default for Room { fn default() -> Self { Room } } }
         pub mod chat { pub use super::entity::Room as Place; }
         pub use outside::Thing;",
    );
    assert_eq!(
        listed,
        [
            "pub use it::Thing = outside::Thing",
            "pub mod it::chat",
            "#[derive(Clone)] pub struct it::chat::Place",
            "impl Default for it::chat::Place",
            "pub const it::chat::Place::MAX: u8",
        ]
    );
}

#[test]
fn a_port_is_listed_with_what_an_adapter_must_and_may_write() {
    let listed = lines(
        "pub trait Ids: Send + Sync {
             fn uuid(
                 &self,
                 seed: u64,
             ) -> Uuid;
             fn twice(&self) -> u8 { 2 }
         }
         impl<T: Ids> Ids for Box<T> {}",
    );
    assert_eq!(
        listed,
        [
            "pub trait it::Ids: Send + Sync",
            "fn it::Ids::twice(&self) -> u8 { provided }",
            "fn it::Ids::uuid(&self, seed: u64) -> Uuid",
            "impl<T: Ids> Ids for Box<T>",
        ]
    );
}

#[test]
fn variants_stand_one_by_one_and_with_their_fields() {
    let listed =
        lines("#[non_exhaustive] pub enum End { Owner, By(UserId, u8), Lost { after: Duration } }");
    assert_eq!(
        listed,
        [
            "#[non_exhaustive] pub enum it::End",
            "it::End::By(UserId, u8)",
            "it::End::Lost { after: Duration }",
            "it::End::Owner",
        ]
    );
}

#[test]
fn a_macro_of_our_own_is_shown_with_its_uses() {
    let listed = lines(
        "mod id { macro_rules! ids { ($name:ident) => { pub struct $name; } } ids! { UserId } }",
    );
    assert_eq!(
        listed,
        [
            "in id: ids! { UserId }",
            "in id: macro_rules! ids { ($name:ident) => { pub struct $name; } }",
        ]
    );
}
