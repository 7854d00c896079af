//! Keys of names that only one may have.

use greenroom_domain::account::{Subject, Username};
use greenroom_domain::channel::Handle;
use greenroom_domain::shared::commit::Claim;
use greenroom_domain::shared::id::{ChannelId, StreamId, UserId};
use greenroom_domain::shared::secret::Mac;
use uuid::Uuid;

use super::{Key, Space, id, key};

pub(crate) fn claim(claim: &Claim) -> Key {
    match claim {
        Claim::Username(name) => key(Space::Claim, &[&[0], name.as_str().as_bytes()]),
        Claim::Subject(subject) => key(Space::Claim, &[&[1], &subject_part(subject)]),
        Claim::FirstAdministrator => key(Space::Claim, &[&[2]]),
        Claim::Handle(handle) => key(Space::Claim, &[&[3], handle.as_str().as_bytes()]),
        Claim::ChannelOf(user) => key(Space::Claim, &[&[4], &id(user.uuid())]),
        Claim::KeyHash(hash) => key(Space::Claim, &[&[5], &hash.0]),
        Claim::LiveStream(channel) => key(Space::Claim, &[&[6], &id(channel.uuid())]),
        Claim::RecordingOf(stream) => key(Space::Claim, &[&[7], &id(stream.uuid())]),
    }
}

/// The claim that [`claim`] wrote.
pub(crate) fn parse_claim(key: &[u8]) -> Option<Claim> {
    let (kind, rest) = key.get(1..)?.split_first()?;
    let id = || Uuid::from_slice(rest).ok();
    let text = std::str::from_utf8(rest).ok();
    Some(match kind {
        0 => Claim::Username(Username::parse(text?).ok()?),
        1 => Claim::Subject(parse_subject(rest)?),
        2 => Claim::FirstAdministrator,
        3 => Claim::Handle(Handle::parse(text?).ok()?),
        4 => Claim::ChannelOf(UserId::from_uuid(id()?)),
        5 => Claim::KeyHash(Mac(rest.try_into().ok()?)),
        6 => Claim::LiveStream(ChannelId::from_uuid(id()?)),
        7 => Claim::RecordingOf(StreamId::from_uuid(id()?)),
        _ => return None,
    })
}

pub(super) fn subject_part(subject: &Subject) -> Key {
    let length = u32::try_from(subject.issuer.len()).unwrap_or(u32::MAX);
    let mut part = length.to_be_bytes().to_vec();
    part.extend_from_slice(subject.issuer.as_bytes());
    part.extend_from_slice(subject.subject.as_bytes());
    // Ends it, as a subject that begins with another must not be found under that one.
    part.push(0);
    part
}

fn parse_subject(part: &[u8]) -> Option<Subject> {
    let (length, rest) = part.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (issuer, subject) = rest.split_at_checked(length)?;
    Some(Subject {
        issuer: std::str::from_utf8(issuer).ok()?.to_owned(),
        subject: std::str::from_utf8(subject.strip_suffix(&[0])?)
            .ok()?
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_comes_back() {
        let id = Uuid::from_u128(0x0102_0304);
        for of in [
            Claim::Username(Username::parse("ada").unwrap()),
            Claim::Subject(Subject {
                issuer: "https://host.example".to_owned(),
                subject: "0-ä".to_owned(),
            }),
            Claim::FirstAdministrator,
            Claim::Handle(Handle::parse("ada-live").unwrap()),
            Claim::ChannelOf(UserId::from_uuid(id)),
            Claim::KeyHash(Mac([7; 32])),
            Claim::LiveStream(ChannelId::from_uuid(id)),
            Claim::RecordingOf(StreamId::from_uuid(id)),
        ] {
            assert_eq!(parse_claim(&claim(&of)), Some(of));
        }
        let whole = claim(&Claim::KeyHash(Mac([7; 32])));
        assert_eq!(parse_claim(&whole[..9]), None);
    }
}
