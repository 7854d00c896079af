//! Whatever comes in whatever order: one live stream, ended stays ended, counts make sense.

use std::collections::HashMap;
use std::time::Duration;

use greenroom_app::channel::lock;
use greenroom_app::stream::create::{self, CreateStream};
use greenroom_app::stream::ingest::Ingests;
use greenroom_app::stream::{audience, end, join, start, sweep, view};
use greenroom_domain::channel::{Channel, KeySecret};
use greenroom_domain::media::{IngestLease, MediaEvent, MediaEvents};
use greenroom_domain::shared::actor::Actor;
use greenroom_domain::shared::id::StreamId;
use greenroom_domain::stream::{Ingest, Stream, StreamState, Streams};
use greenroom_testkit::builders::{connection_id, guest, guest_id};
use proptest::prelude::*;

use crate::support::Platform;

const GUESTS: u64 = 4;

#[derive(Debug, Clone)]
enum Step {
    Publish { key: usize, node: usize },
    Lose { lease: usize },
    Silent { seconds: u64 },
    End { stream: usize, by_admin: bool },
    Plan,
    Start { stream: usize },
    Lift,
    Sweep,
    Restart { node: usize },
    Advance { seconds: u64 },
    Join { guest: u64, stream: usize },
    Leave { guest: u64, stream: usize },
    Watch { guest: u64 },
    Count,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, 0..2_usize).prop_map(|(key, node)| Step::Publish { key, node }),
        3 => any::<usize>().prop_map(|lease| Step::Lose { lease }),
        2 => (0..4_u64).prop_map(|seconds| Step::Silent { seconds }),
        1 => (any::<usize>(), any::<bool>())
            .prop_map(|(stream, by_admin)| Step::End { stream, by_admin }),
        1 => Just(Step::Plan),
        2 => any::<usize>().prop_map(|stream| Step::Start { stream }),
        1 => Just(Step::Lift),
        3 => Just(Step::Sweep),
        1 => (0..2_usize).prop_map(|node| Step::Restart { node }),
        3 => (0..70_u64).prop_map(|seconds| Step::Advance { seconds }),
        2 => (0..GUESTS, any::<usize>()).prop_map(|(guest, stream)| Step::Join { guest, stream }),
        2 => (0..GUESTS, any::<usize>()).prop_map(|(guest, stream)| Step::Leave { guest, stream }),
        2 => (0..GUESTS).prop_map(|guest| Step::Watch { guest }),
        2 => Just(Step::Count),
    ]
}

/// Two nodes over one store, and what has been seen of them.
struct World {
    nodes: [Platform; 2],
    owner: Actor,
    admin: Actor,
    channel: Channel,
    keys: Vec<KeySecret>,
    streams: Vec<StreamId>,
    leases: Vec<IngestLease>,
    ended: HashMap<StreamId, Stream>,
    views: HashMap<StreamId, (u64, u64)>,
}

fn pick<T: Clone>(of: &[T], at: usize) -> Option<T> {
    of.get(at % of.len().max(1)).cloned()
}

impl World {
    async fn new() -> Self {
        let one = Platform::new();
        let admin = one.admin().await;
        let (owner, channel) = one.creator("ada").await;
        let nodes = [one.clone(), one.another("two")];
        let mut world = Self {
            nodes,
            owner,
            admin,
            channel,
            keys: Vec::new(),
            streams: Vec::new(),
            leases: Vec::new(),
            ended: HashMap::new(),
            views: HashMap::new(),
        };
        world.plan().await;
        for bound_to in [None, None, Some(world.streams[0])] {
            let key = one.key(&world.owner, &world.channel, bound_to).await;
            world.keys.push(key.secret);
        }
        world
    }

    async fn plan(&mut self) {
        let command = CreateStream {
            handle: self.channel.handle.clone(),
            title: None,
            category: None,
        };
        let made = create::execute(&self.nodes[0].app, &self.owner, command).await;
        self.streams.push(made.expect("planned").stream.id);
    }

    /// A refusal is an answer like any other.
    async fn take(&mut self, step: Step) {
        let app = self.nodes[0].app.clone();
        match step {
            Step::Publish { key, node } => {
                if let Ok(lease) = self.nodes[node].publish(&self.keys[key]).await {
                    let newer = |it: &IngestLease| {
                        it.stream != lease.stream || it.generation < lease.generation
                    };
                    assert!(self.leases.iter().all(newer), "a generation came twice");
                    if !self.streams.contains(&lease.stream) {
                        self.streams.push(lease.stream);
                    }
                    self.leases.push(lease);
                }
            }
            Step::Lose { lease } => {
                if let Some(lease) = pick(&self.leases, lease) {
                    let before = self.nodes[0].stream(lease.stream).await;
                    self.nodes[0].lose(&lease).await;
                    if before.generation != lease.generation {
                        let after = self.nodes[0].stream(lease.stream).await;
                        assert_eq!(before, after, "an old publisher's word counted");
                    }
                }
            }
            Step::Silent { seconds } => {
                for (node, lease) in self.nodes.iter().zip(self.leases.last()) {
                    let silence = Duration::from_secs(seconds);
                    node.media.connect(lease.stream, lease.generation, silence);
                }
            }
            Step::End { stream, by_admin } => {
                let by = if by_admin { &self.admin } else { &self.owner };
                let stream = pick(&self.streams, stream).expect("one was planned");
                let _ = end::execute(&app, by, stream).await;
            }
            Step::Plan => self.plan().await,
            Step::Start { stream } => {
                let stream = pick(&self.streams, stream).expect("one was planned");
                let _ = start::execute(&app, &self.owner, stream).await;
            }
            Step::Lift => {
                lock::lift(&app, &self.admin, &self.channel.handle)
                    .await
                    .expect("the administrator may");
            }
            Step::Sweep => {
                sweep::due(&app).await.expect("swept");
            }
            Step::Restart { node } => {
                let live = self.nodes[0].live_of(self.channel.id).await;
                self.nodes[node].app.start().await.expect("started");
                let after = self.nodes[0].live_of(self.channel.id).await;
                assert_eq!(live.map(|it| it.id), after.map(|it| it.id), "it ended one");
            }
            Step::Advance { seconds } => self.nodes[0].advance(seconds),
            Step::Join { guest, stream } => {
                let stream = pick(&self.streams, stream).expect("one was planned");
                let who = Actor::Guest(guest_id(&guest.to_string()));
                let _ = join::execute(&app, &who, stream, connection_id("one")).await;
            }
            Step::Leave {
                guest: name,
                stream,
            } => {
                let stream = pick(&self.streams, stream).expect("one was planned");
                let who = guest(&name.to_string());
                join::leave(&app, stream, who, connection_id("one"))
                    .await
                    .expect("left");
            }
            Step::Watch { guest: name } => {
                let event = MediaEvent::Watched {
                    channel: self.channel.id,
                    viewers: vec![guest(&name.to_string())],
                };
                Ingests(app).report(event).await.expect("taken");
            }
            Step::Count => audience::count(&app).await.expect("counted"),
        }
    }

    async fn check(&mut self) {
        let it = &self.nodes[0];
        let live = it.store.live().await.expect("memory answers");
        assert!(live.len() <= 1, "two live streams: {live:?}");
        for id in &self.streams {
            let seen = view::execute(&it.app, *id).await.expect("there");
            let stream = seen.stream;
            if let Some(ended) = self.ended.get(id) {
                assert_eq!(*ended, stream, "ended stays ended");
            }
            match &stream.state {
                StreamState::Ended { .. } => {
                    assert_eq!(seen.viewers, 0);
                    self.ended.insert(*id, stream);
                }
                StreamState::Live { ingest, .. } => {
                    let current = self.leases.iter().filter(|lease| {
                        lease.stream == *id && lease.generation == stream.generation
                    });
                    let publishing = matches!(ingest, Ingest::Publishing(_));
                    assert!(!publishing || current.count() == 1);
                }
                StreamState::Pending => {}
            }
            assert!(seen.viewers <= GUESTS);
            let (views, peak) = self.views.entry(*id).or_default();
            assert!(seen.counts.views >= *views && seen.counts.peak >= *peak);
            assert!(seen.counts.peak <= GUESTS && seen.counts.peak <= seen.counts.views);
            (*views, *peak) = (seen.counts.views, seen.counts.peak);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn streams_stay_right_whatever_comes(steps in proptest::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.take(step).await;
                world.check().await;
            }
        });
    }
}
