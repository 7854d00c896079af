//! What rooms show, in the words of the documents. Written once for all who are spoken to in the
//! same words, like everything that rooms show; but it may take a moment, since users are named
//! by the host platform's subject.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use greenroom_app::realtime::{Published, Shown, WireFormat};
use greenroom_app::stream::view::{self, StreamView};
use greenroom_app::{App, Refusal};
use greenroom_domain::chat::{Ephemeral, LineBody};
use greenroom_domain::shared::actor::Identity;
use greenroom_domain::shared::id::StreamId;
use parking_lot::Mutex;

use super::people::{Names, PATIENCE};
use super::room::Room;
use super::speech::Document;
use super::{harmoniecore, pawfectmatch as words};
use crate::dialects::pawfectmatch::{self, PinnedJson};
use crate::socketio::socket::{Class, Sent, SharedPacket, Socket};

/// How many of a room's lines wait for one connection while a name is looked up.
const WAITING: usize = 256;

/// What something that a room shows is to a document's clients.
#[derive(Default)]
pub(super) struct Translation {
    /// The stream that it belongs to: nobody else's clients are told.
    pub(super) stream: Option<StreamId>,
    /// As a rule one, or none.
    pub(super) packets: Vec<SharedPacket>,
}

/// A translation that may take a moment; shared by all who wait for it.
type Coming = Shared<BoxFuture<'static, Arc<Translation>>>;

/// What a translation is made of.
pub(super) struct Original<'a> {
    pub(super) shown: &'a Shown,
    /// What was on air.
    pub(super) stream: StreamId,
    pub(super) names: &'a Names,
    /// What could be read of the stream, where the line tells of all of it.
    pub(super) seen: Option<&'a Seen>,
}

/// A stream, and what is kept in view of it.
pub(super) struct Seen {
    pub(super) view: StreamView,
    pub(super) pinned: Vec<PinnedJson>,
}

const fn format(document: Document) -> WireFormat {
    match document {
        Document::HarmonieCore => WireFormat::new(2),
        Document::PawfectMatch => WireFormat::new(3),
    }
}

/// The translation of something that was published, begun once for everybody.
fn begin(room: &Arc<Room>, published: &Published, document: Document) -> Coming {
    published.encoded(format(document), |published| {
        coming(room, published, document)
    })
}

fn coming(room: &Arc<Room>, published: &Published, document: Document) -> Coming {
    let Some(stream) = published.stream else {
        return futures_util::future::ready(Arc::default()).boxed().shared();
    };
    let shown = &published.shown;
    let people = people(shown);
    if !tells_of_stream(shown, document)
        && let Some(names) = room.people.known(&people)
    {
        let original = Original {
            shown,
            stream,
            names: &names,
            seen: None,
        };
        let translation = Arc::new(translate(document, &original));
        return futures_util::future::ready(translation).boxed().shared();
    }
    let (room, shown) = (Arc::clone(room), shown.clone());
    // By itself, and not when whoever delivers looks whether it is ready: they hold the room, and
    // this may ask it.
    let later = tokio::spawn(async move {
        let names = room.people.learn(&room.app, &people).await;
        let seen = if tells_of_stream(&shown, document) {
            look_at(&room.app, stream, document).await
        } else {
            None
        };
        Arc::new(translate(
            document,
            &Original {
                shown: &shown,
                stream,
                names: &names,
                seen: seen.as_ref(),
            },
        ))
    });
    // What panics tells nothing.
    let later = async move { later.await.unwrap_or_default() };
    later.boxed().shared()
}

fn translate(document: Document, original: &Original<'_>) -> Translation {
    let packets = match document {
        Document::HarmonieCore => harmoniecore::packets(original),
        Document::PawfectMatch => words::packets(original),
    };
    let packets = packets.unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "cannot be written"
        );
        Vec::new()
    });
    Translation {
        stream: Some(original.stream),
        packets,
    }
}

/// Whether a document's clients are told all of the stream with this line.
fn tells_of_stream(shown: &Shown, document: Document) -> bool {
    let Shown::Line(line) = shown else {
        return false;
    };
    match line.body {
        LineBody::StreamStarted { .. } | LineBody::StreamEnded { .. } => true,
        LineBody::Pinned { .. } | LineBody::Unpinned { .. } => document == Document::PawfectMatch,
        _ => false,
    }
}

async fn look_at(app: &App, stream: StreamId, document: Document) -> Option<Seen> {
    let looked = async {
        let view = view::execute(app, stream).await?;
        let pinned = match document {
            Document::PawfectMatch => pawfectmatch::pinned(app, &view).await?,
            Document::HarmonieCore => Vec::new(),
        };
        Ok::<_, Refusal>(Seen { view, pinned })
    };
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(Ok(seen)) => Some(seen),
        Ok(Err(error)) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a stream could not be looked up"
            );
            None
        }
        Err(_) => {
            tracing::warn!("looking a stream up took too long");
            None
        }
    }
}

/// Who is spoken of.
fn people(shown: &Shown) -> Vec<Identity> {
    match shown {
        Shown::Line(line) => match &line.body {
            LineBody::Message(message) => vec![message.author.identity],
            LineBody::Restricted { subject, .. } | LineBody::RestrictionLifted { subject } => {
                vec![*subject]
            }
            _ => Vec::new(),
        },
        Shown::Ephemeral(moment) => match moment {
            Ephemeral::Viewers { joined, left, .. } => joined.iter().chain(left).copied().collect(),
            Ephemeral::Typing { who, .. } => vec![*who],
            Ephemeral::Reactions { .. } => Vec::new(),
        },
    }
}

/// One connection that hears of one stream in the words of a document.
pub(super) struct Interpreter {
    document: Document,
    stream: StreamId,
    queue: Arc<Queue>,
}

/// What waits for its translation, in order.
struct Queue {
    socket: Socket,
    stream: StreamId,
    /// There while a task sees to it.
    waiting: Mutex<Option<VecDeque<(Coming, Class)>>>,
}

impl Interpreter {
    pub(super) fn new(document: Document, stream: StreamId, socket: &Socket) -> Self {
        Self {
            document,
            stream,
            queue: Arc::new(Queue {
                socket: socket.clone(),
                stream,
                waiting: Mutex::default(),
            }),
        }
    }

    /// Sends what was published, at once where everybody's name is known.
    pub(super) fn deliver(&self, room: &Arc<Room>, published: &Published, class: Class) {
        let coming = begin(room, published, self.document);
        let queue = &self.queue;
        let mut waiting = queue.waiting.lock();
        match &mut *waiting {
            Some(others) if others.len() < WAITING => others.push_back((coming, class)),
            Some(_) => queue.socket.too_slow(),
            None => match coming.clone().now_or_never() {
                Some(translation) => queue.send(&translation, class),
                None => {
                    *waiting = Some(VecDeque::from([(coming, class)]));
                    tokio::spawn(Arc::clone(queue).empty());
                }
            },
        }
    }

    /// Gives what was missed as soon as there is room for it.
    pub(super) async fn catch_up(&self, room: &Arc<Room>, missed: &[Published]) {
        let everybody: Vec<Identity> = missed.iter().flat_map(|it| people(&it.shown)).collect();
        room.people.learn(&room.app, &everybody).await;
        let socket = &self.queue.socket;
        let theirs = missed.iter().filter(|it| it.stream == Some(self.stream));
        for published in theirs {
            let translation = coming(room, published, self.document).await;
            for packet in &translation.packets {
                if !socket.ready().await
                    || socket.send_shared(packet, Class::Durable) == Sent::Closed
                {
                    return;
                }
            }
        }
    }
}

impl Queue {
    fn send(&self, translation: &Translation, class: Class) {
        if translation.stream == Some(self.stream) {
            for packet in &translation.packets {
                self.socket.send_shared(packet, class);
            }
        }
    }

    /// Sends what waits, until nothing does. Each wait is a bounded look-up.
    async fn empty(self: Arc<Self>) {
        loop {
            let next = {
                let mut waiting = self.waiting.lock();
                let next = waiting.as_mut().and_then(VecDeque::pop_front);
                if next.is_none() {
                    *waiting = None;
                }
                next
            };
            let Some((coming, class)) = next else {
                return;
            };
            let translation = coming.await;
            self.send(&translation, class);
        }
    }
}
