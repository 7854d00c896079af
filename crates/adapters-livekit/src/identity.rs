//! What people and programs are called in a room, and the other way round.
//!
//! A room is called by its creator's user id. In it, the encoder is the creator's user id, the
//! creator who looks on `Host-<user id>`, a viewer their user id and a guest
//! `guest-<timestamp>-<random>`, where both numbers together are the guest's id. Each may be
//! followed by `#` and what tells the tabs of one person apart.

use greenroom_domain::media::{SeatRole, Tab};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::{GuestId, UserId};
use livekit_protocol::participant_info::Kind;
use uuid::Uuid;

/// Before the tab's name.
const TAB: char = '#';
const SELF_VIEW: &str = "Host-";
const GUEST: &str = "guest-";
/// A guest's id is its time in milliseconds, and 80 bits more.
const RANDOM_BITS: u32 = 80;

/// What somebody in a room is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// May publish the creator's stream.
    Publisher,
    /// Is part of the audience.
    Viewer(Identity),
    /// Neither: the creator looking on, a recorder, an agent, somebody we did not send.
    Nobody,
}

/// How somebody is called who takes a seat.
pub(crate) fn of_seat(owner: UserId, role: SeatRole, tab: Tab) -> String {
    let name = match role {
        SeatRole::Publisher(_) => owner.to_string(),
        SeatRole::SelfView => format!("{SELF_VIEW}{owner}"),
        SeatRole::Viewer(Identity::User(user)) => user.to_string(),
        SeatRole::Viewer(Identity::Guest(guest)) => of_guest(guest),
    };
    match tab {
        Tab::OneOfMany(tab) => format!("{name}{TAB}{}", tab.simple()),
        Tab::Only => name,
    }
}

/// Who it is that is called so in the room of `owner`.
pub(crate) fn read(identity: &str, kind: Kind, owner: UserId) -> Who {
    match kind {
        Kind::Standard | Kind::Ingress => {}
        _ => return Who::Nobody,
    }
    let name = identity.split(TAB).next().unwrap_or_default();
    if let Some(guest) = name.strip_prefix(GUEST) {
        return match to_guest(guest) {
            Some(guest) => Who::Viewer(Identity::Guest(guest)),
            None => Who::Nobody,
        };
    }
    match name.parse::<UserId>() {
        Ok(user) if user == owner => Who::Publisher,
        Ok(user) => Who::Viewer(Identity::User(user)),
        Err(_) => Who::Nobody,
    }
}

fn of_guest(guest: GuestId) -> String {
    let number = guest.uuid().as_u128();
    let random = number & ((1 << RANDOM_BITS) - 1);
    format!("{GUEST}{}-{random:020x}", number >> RANDOM_BITS)
}

fn to_guest(text: &str) -> Option<GuestId> {
    let (time, random) = text.split_once('-')?;
    let time = time.parse::<u128>().ok()?;
    let random = u128::from_str_radix(random, 16).ok()?;
    let number = (time < 1 << (128 - RANDOM_BITS) && random < 1 << RANDOM_BITS)
        .then_some(time << RANDOM_BITS | random)?;
    let guest = GuestId::from_uuid(Uuid::from_u128(number));
    // One spelling for each, so that nobody is two.
    (of_guest(guest).strip_prefix(GUEST)? == text).then_some(guest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    proptest! {
        #[test]
        fn whoever_has_a_seat_is_known_by_its_name(id: u128, tab: Option<u128>) {
            prop_assume!(id != 7);
            let tab = tab.map_or(Tab::Only, |tab| Tab::OneOfMany(Uuid::from_u128(tab)));
            let people = [
                Identity::User(user(id)),
                Identity::Guest(GuestId::from_uuid(Uuid::from_u128(id))),
            ];
            for viewer in people {
                let name = of_seat(user(7), SeatRole::Viewer(viewer), tab);
                prop_assert_eq!(read(&name, Kind::Standard, user(7)), Who::Viewer(viewer));
                prop_assert_eq!(read(&name, Kind::Egress, user(7)), Who::Nobody);
            }
        }

        #[test]
        fn any_name_is_somebody_or_nobody(name: String) {
            read(&name, Kind::Standard, user(7));
        }
    }

    #[test]
    fn the_names_are_those_of_the_table() {
        let owner = user(7);
        let guest = GuestId::from_uuid(Uuid::from_u128(0x0198_0a4e_7b1c_7c3f_8d2a_5e6f_7081_9203));
        let name = |role| of_seat(owner, role, Tab::Only);
        assert_eq!(name(SeatRole::SelfView), format!("Host-{owner}"));
        assert_eq!(
            name(SeatRole::Viewer(Identity::User(user(9)))),
            user(9).to_string()
        );
        assert_eq!(
            name(SeatRole::Viewer(Identity::Guest(guest))),
            "guest-1752519572252-7c3f8d2a5e6f70819203"
        );
        let read = |name: &str, kind| read(name, kind, owner);
        assert_eq!(read(&owner.to_string(), Kind::Ingress), Who::Publisher);
        for nobody in [
            "",
            "EG_abc",
            "guest-1-2",
            "guest-01752519572252-7c3f8d2a5e6f70819203",
        ] {
            assert_eq!(read(nobody, Kind::Standard), Who::Nobody, "{nobody}");
        }
        assert_eq!(read(&format!("Host-{owner}"), Kind::Standard), Who::Nobody);
    }
}
