//! One table of what clients ask for and what they are told: in our words, which are close to
//! those of the `HarmonieCORE` document, and in the words of each document whose clients move
//! over unchanged. `docs/api-map.md` has them with their payloads.

use super::speech::{Document, Speech};

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    CreateStream,
    StartStream,
    JoinStream,
    LeaveStream,
    EndStream,
    JoinChannel,
    LeaveChannel,
    SendMessage,
    DeleteMessage,
    GetHistory,
    Typing,
    ModerateUser,
    React,
    PinMessage,
    UnpinMessage,
    SendTip,
    SendGift,
    StartRecording,
    StopRecording,
}

/// What a client is told, besides the answers to what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    StreamCreated,
    StreamStarted,
    StreamInterrupted,
    StreamResumed,
    StreamEnded,
    StreamJoined,
    ViewerJoined,
    ViewerLeft,
    NewMessage,
    MessageDeleted,
    UserModerated,
    Typing,
    ChatSettings,
    ChannelUpdated,
    MessagePinned,
    MessageUnpinned,
    RoleChanged,
    Reactions,
    Notification,
    RecordingStarted,
    RecordingStopped,
    RecordingStatus,
}

/// What there is no word for.
const NONE: &str = "";

#[rustfmt::skip]
const REQUESTS: [(Request, [&str; 3]); 19] = [
    //                        ours               HarmonieCORE       PawfectMatch
    (Request::CreateStream,   ["create-stream",   "create-stream",   NONE]),
    (Request::StartStream,    ["start-stream",    "start-stream",    NONE]),
    (Request::JoinStream,     ["join-stream",     "join-stream",     NONE]),
    (Request::LeaveStream,    ["leave-stream",    "leave-stream",    NONE]),
    (Request::EndStream,      ["end-stream",      "end-stream",      NONE]),
    (Request::JoinChannel,    ["join-channel",    NONE,              NONE]),
    (Request::LeaveChannel,   ["leave-channel",   NONE,              NONE]),
    (Request::SendMessage,    ["send-message",    "send-message",    "live:message"]),
    (Request::DeleteMessage,  ["delete-message",  NONE,              NONE]),
    (Request::GetHistory,     ["get-history",     NONE,              NONE]),
    (Request::Typing,         ["typing",          "typing",          NONE]),
    (Request::ModerateUser,   ["moderate-user",   "moderate-user",   NONE]),
    (Request::React,          ["react",           NONE,              "live:reaction"]),
    (Request::PinMessage,     ["pin-message",     NONE,              "live:pin"]),
    (Request::UnpinMessage,   ["unpin-message",   NONE,              NONE]),
    (Request::SendTip,        ["send-tip",        "send-tip",        NONE]),
    (Request::SendGift,       ["send-gift",       NONE,              "live:gift"]),
    (Request::StartRecording, ["start-recording", "start-recording", "live:record:start"]),
    (Request::StopRecording,  ["stop-recording",  "stop-recording",  "live:record:stop"]),
];

#[rustfmt::skip]
const EVENTS: [(Event, [&str; 3]); 22] = [
    //                          ours                  HarmonieCORE        PawfectMatch
    (Event::StreamCreated,     ["stream-created",     "stream-created",   NONE]),
    (Event::StreamStarted,     ["stream-started",     "stream-started",   "live:state"]),
    (Event::StreamInterrupted, ["stream-interrupted", NONE,               NONE]),
    (Event::StreamResumed,     ["stream-resumed",     NONE,               NONE]),
    (Event::StreamEnded,       ["stream-ended",       "stream-ended",     "live:state"]),
    (Event::StreamJoined,      ["joined-stream",      "joined-stream",    "live:state"]),
    (Event::ViewerJoined,      ["viewer-joined",      "viewer-joined",    "live:state"]),
    (Event::ViewerLeft,        ["viewer-left",        "viewer-left",      "live:viewer-left"]),
    (Event::NewMessage,        ["new-message",        "new-message",      "live:message"]),
    (Event::MessageDeleted,    ["message-deleted",    "message-deleted",  "live:message-deleted"]),
    (Event::UserModerated,     ["user-moderated",     "user-moderated",   NONE]),
    (Event::Typing,            ["typing-indicator",   "typing-indicator", NONE]),
    (Event::ChatSettings,      ["chat-settings",      NONE,               NONE]),
    (Event::ChannelUpdated,    ["channel-updated",    NONE,               NONE]),
    (Event::MessagePinned,     ["message-pinned",     NONE,               "live:pinned:updated"]),
    (Event::MessageUnpinned,   ["message-unpinned",   NONE,               "live:pinned:updated"]),
    (Event::RoleChanged,       ["role-changed",       NONE,               NONE]),
    (Event::Reactions,         ["reactions",          NONE,               "live:reaction"]),
    (Event::Notification,      ["notification",       NONE,               NONE]),
    (Event::RecordingStarted,  ["recording-started",  "recording-started", "live:record:starting"]),
    (Event::RecordingStopped,  ["recording-stopped",  "recording-stopped", "live:record:stopping"]),
    (Event::RecordingStatus,   ["recording-status",   "recording-status", NONE]),
];

/// What the fields of a payload are called: ours, and how a document's clients may write it, in
/// the order in which they are looked for. A document's other fields are passed over.
#[rustfmt::skip]
const FIELDS: [(Request, &str, [&str; 2]); 32] = [
    //                        ours               HarmonieCORE       PawfectMatch
    (Request::CreateStream,   "artistId",        ["artistId",       NONE]),
    (Request::CreateStream,   "title",           ["title",          NONE]),
    (Request::CreateStream,   "description",     ["description",    NONE]),
    (Request::CreateStream,   "category",        ["category",       NONE]),
    (Request::StartStream,    "streamId",        ["streamId",       NONE]),
    (Request::StartStream,    "userId",          ["userId",         NONE]),
    (Request::JoinStream,     "streamId",        ["streamId",       NONE]),
    (Request::JoinStream,     "userData",        ["userData",       NONE]),
    (Request::JoinStream,     "after",           ["after",          NONE]),
    (Request::LeaveStream,    "streamId",        ["streamId",       NONE]),
    (Request::LeaveStream,    "userId",          ["userId",         NONE]),
    (Request::EndStream,      "streamId",        ["streamId",       NONE]),
    (Request::EndStream,      "userId",          ["userId",         NONE]),
    (Request::SendMessage,    "streamId",        ["streamId",       "streamId"]),
    (Request::SendMessage,    "userId",          ["userId",         "userId"]),
    (Request::SendMessage,    "message",         ["message",        "content text message"]),
    (Request::SendMessage,    "clientMessageId", ["clientMessageId", "clientMessageId"]),
    (Request::Typing,         "streamId",        ["streamId",       NONE]),
    (Request::Typing,         "userId",          ["userId",         NONE]),
    (Request::Typing,         "isTyping",        ["isTyping",       NONE]),
    (Request::ModerateUser,   "streamId",        ["streamId",       NONE]),
    (Request::ModerateUser,   "targetUserId",    ["targetUserId",   NONE]),
    (Request::ModerateUser,   "action",          ["action",         NONE]),
    (Request::ModerateUser,   "reason",          ["reason",         NONE]),
    (Request::ModerateUser,   "duration",        ["duration",       NONE]),
    (Request::React,          "streamId",        [NONE,             "streamId"]),
    (Request::React,          "userId",          [NONE,             "userId"]),
    (Request::React,          "reaction",        [NONE,             "emoji reaction type"]),
    (Request::PinMessage,     "streamId",        [NONE,             "streamId"]),
    (Request::PinMessage,     "messageId",       [NONE,             "messageId"]),
    (Request::StartRecording, "streamId",        ["streamId",       "streamId"]),
    (Request::StopRecording,  "streamId",        ["streamId",       "streamId"]),
];

impl Request {
    /// What a client asks for by this name.
    pub(super) fn by_name(speech: Speech, name: &str) -> Option<Self> {
        let column = speech.column();
        let named = REQUESTS.iter().find(|(_, names)| names[column] == name);
        named.filter(|_| name != NONE).map(|(request, _)| *request)
    }

    /// Its fields: our name for each, and those of a document's clients.
    pub(super) fn fields(
        self,
        document: Document,
    ) -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
        FIELDS
            .iter()
            .filter(move |(of, ..)| *of == self)
            .map(move |(_, ours, theirs)| (*ours, theirs[document as usize].split(' ')))
    }
}

impl Event {
    /// What it is called; nothing where a document's clients are not told of it.
    pub(super) fn name(self, speech: Speech) -> Option<&'static str> {
        let (_, names) = EVENTS.get(self as usize)?;
        Some(names[speech.column()]).filter(|name| *name != NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECHES: [Speech; 3] = [
        Speech::Ours,
        Speech::Of(Document::HarmonieCore),
        Speech::Of(Document::PawfectMatch),
    ];

    #[test]
    fn each_row_stands_at_its_place() {
        for (at, (event, _)) in EVENTS.iter().enumerate() {
            assert_eq!(*event as usize, at, "{event:?}");
        }
    }

    #[test]
    fn a_name_asks_for_one_thing() {
        for speech in SPEECHES {
            for (request, names) in REQUESTS {
                let name = names[speech.column()];
                if name != NONE {
                    assert_eq!(Request::by_name(speech, name), Some(request));
                }
            }
            assert_eq!(Request::by_name(speech, ""), None);
            assert_eq!(Request::by_name(speech, "no-such-event"), None);
        }
    }
}
