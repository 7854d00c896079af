//! What a row of the table is.

use serde_json::Value;

/// Whoever may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The channel `ada` is hers.
    Owner,
    /// She has made a moderator of them.
    Moderator,
    /// And a VIP of them.
    Vip,
    /// An administrator of the platform.
    Admin,
    /// Anybody else with an account.
    Viewer,
    /// She has blocked them.
    Blocked,
    /// They are banned from her channel.
    Banned,
    /// Somebody without an account.
    Guest,
    /// Somebody whose session is over.
    Expired,
}

impl Actor {
    pub(crate) const ALL: [Self; 9] = [
        Self::Owner,
        Self::Moderator,
        Self::Vip,
        Self::Admin,
        Self::Viewer,
        Self::Blocked,
        Self::Banned,
        Self::Guest,
        Self::Expired,
    ];
}

/// What each actor is answered: `OK`, or the code by which they are refused.
#[derive(Clone, Copy)]
pub(crate) struct Expected([&'static str; 9]);

impl Expected {
    /// The same answer for everybody but who shows an expired token.
    pub(crate) const fn all(code: &'static str) -> Self {
        Self([code; 9]).but(Actor::Expired, EXPIRED)
    }

    /// The same but for one.
    pub(crate) const fn but(mut self, actor: Actor, code: &'static str) -> Self {
        self.0[actor as usize] = code;
        self
    }

    pub(crate) fn of(self, actor: Actor) -> &'static str {
        self.0[actor as usize]
    }
}

const OK: &str = "OK";
const NO: &str = "FORBIDDEN";
const SIGN_IN: &str = "SIGN_IN_FIRST";
const EXPIRED: &str = "NOT_SIGNED_IN";
const NO_KEY: &str = "KEY_NOT_FOUND";
const NO_RECORDING: &str = "RECORDING_NOT_FOUND";

// What most rows say.
//
//                                owner mod  vip  admin viewer blocked banned guest  expired
#[rustfmt::skip]
pub(crate) const OPEN: Expected =
                       Expected([ OK,   OK,  OK,  OK,   OK,    OK,     OK,    OK,      EXPIRED ]);
/// Whoever has an account.
#[rustfmt::skip]
pub(crate) const ACCOUNT: Expected =
                       Expected([ OK,   OK,  OK,  OK,   OK,    OK,     OK,    SIGN_IN, EXPIRED ]);
/// Whoever may watch the channel.
#[rustfmt::skip]
pub(crate) const AUDIENCE: Expected =
                       Expected([ OK,   OK,  OK,  OK,   OK,    NO,     NO,    OK,      EXPIRED ]);
/// Whoever keeps order in its chat.
#[rustfmt::skip]
pub(crate) const STAFF: Expected =
                       Expected([ OK,   OK,  NO,  OK,   NO,    NO,     NO,    SIGN_IN, EXPIRED ]);
/// Whoever runs it.
#[rustfmt::skip]
pub(crate) const RUNS: Expected =
                       Expected([ OK,   NO,  NO,  OK,   NO,    NO,     NO,    SIGN_IN, EXPIRED ]);
/// Its owner alone: nobody speaks or broadcasts for a creator.
#[rustfmt::skip]
pub(crate) const OWNER: Expected =
                       Expected([ OK,   NO,  NO,  NO,   NO,    NO,     NO,    SIGN_IN, EXPIRED ]);
/// Administrators.
#[rustfmt::skip]
pub(crate) const ADMIN: Expected =
                       Expected([ NO,   NO,  NO,  OK,   NO,    NO,     NO,    SIGN_IN, EXPIRED ]);
/// Its owner alone; to others the key is not there.
#[rustfmt::skip]
pub(crate) const HIDDEN: Expected =
    Expected([ OK, NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY, SIGN_IN, EXPIRED ]);

/// Whoever runs the channel; to others the recording is not there.
pub(crate) const RECORDED: Expected = Expected::all(NO_RECORDING)
    .but(Actor::Owner, OK)
    .but(Actor::Admin, OK);

/// Whoever may post.
pub(crate) const CHATS: Expected = AUDIENCE
    .but(Actor::Blocked, "BANNED")
    .but(Actor::Banned, "BANNED");
/// Whoever may follow the channel.
pub(crate) const FOLLOWS: Expected = AUDIENCE
    .but(Actor::Owner, "OWN_CHANNEL")
    .but(Actor::Guest, SIGN_IN);
/// Whoever may have a channel, and has none.
pub(crate) const CREATES: Expected = Expected::all("NOT_A_CREATOR")
    .but(Actor::Owner, "CHANNEL_EXISTS")
    .but(Actor::Guest, SIGN_IN);

/// Something that is asked for, and what comes of it.
pub(crate) struct Row {
    /// As the document, the schema or the vocabulary calls it.
    pub(crate) name: String,
    pub(crate) ask: Ask,
    pub(crate) expected: Expected,
}

/// How it is asked for. `$key`, `$live`, `$recording`, `$guest` and `$message` are what the
/// [stage](crate::stage::Stage) has of the kind.
pub(crate) enum Ask {
    Rest {
        method: &'static str,
        path: &'static str,
        body: Option<Value>,
    },
    GraphQl(String),
    SocketIo {
        event: &'static str,
        /// As JSON.
        payload: &'static str,
    },
}

impl Ask {
    /// Whether something is different afterwards, for whoever may.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Rest { method, .. } => *method != "get",
            // Who listens is told from who does not by there being nobody else.
            Self::GraphQl(document) => !document.starts_with('{'),
            Self::SocketIo { event, .. } => !["get-history", "typing"].contains(event),
        }
    }
}
