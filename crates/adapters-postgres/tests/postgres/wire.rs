//! The wire breaks while a transaction commits: whether it was kept is found out, and
//! whoever waits is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use greenroom_adapters_postgres::PgStore;
use greenroom_domain::shared::commit::{Changes, Commit, CounterChange};
use greenroom_domain::shared::once::{Once, Replies, RequestKey};
use greenroom_domain::social::Follows;
use greenroom_domain::stream::Streams;
use greenroom_testkit::builders::{channel_id, noon_plus, stream_id, viewer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{self, log, options, says};

/// When the wire breaks.
#[derive(Clone, Copy)]
enum Break {
    Not,
    /// The server never hears of the commit.
    Before,
    /// The server has committed, and its answer is lost.
    After,
}

/// A wire to a server that breaks at the next commit, once each time that it is asked to.
struct Wire {
    next: Arc<AtomicU8>,
    port: u16,
}

impl Wire {
    async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(AtomicU8::new(Break::Not as u8));
        let breaks = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&breaks)));
            }
        });
        Self { next, port }
    }

    fn breaks(&self, when: Break) {
        self.next.store(when as u8, Ordering::SeqCst);
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, next: Arc<AtomicU8>) {
    let (mut asked, mut answered) = ([0; 8192], [0; 8192]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                let asked = &asked[..count];
                let commits = asked.windows(6).any(|word| word == b"COMMIT");
                let when = if commits { next.swap(Break::Not as u8, Ordering::SeqCst) } else { 0 };
                if when == Break::Before as u8 || server.write_all(asked).await.is_err() {
                    return;
                }
                if when == Break::After as u8 {
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_answered_and_kept_once() {
    greenroom_testkit::run(async {
        let database = support::database().await;
        let (before, name) = database.url().rsplit_once('/').unwrap();
        let port = before.rsplit_once(':').unwrap().1.parse().unwrap();
        let wire = Wire::to(port).await;
        let url = format!("postgres://postgres@127.0.0.1:{}/{name}", wire.port);
        let store = PgStore::open(&options(&url)).await.unwrap();
        let stream = stream_id("ada", 1);
        let breaks = [Break::Not, Break::After, Break::Before, Break::After];
        for (when, n) in breaks.into_iter().zip(1..) {
            wire.breaks(when);
            // Neither a version nor a client message id would tell that it is there twice.
            let views = CounterChange::ViewsAdded(stream, 1);
            store.commit(Changes::new().counter(views)).await.unwrap();
            assert_eq!(store.counts(&[stream]).await.unwrap()[0].views, n);

            wire.breaks(when);
            let place = store.commit(says("ada", "hello")).await.unwrap().places[0];
            assert_eq!(place.seq.0, n);
            assert_eq!(log(&store, channel_id("ada")).await.len() as u64, n);

            wire.breaks(when);
            // The reply would be found by a commit that is simply run again.
            let once = Once {
                key: RequestKey::parse(&format!("request-{n}")).unwrap(),
                request: [0; 32],
            };
            let follower = CounterChange::FollowerCame(channel_id("ada"));
            let changes = Changes {
                reply: Some(once.reply(viewer("bea"), stream.uuid(), noon_plus(0))),
                ..Changes::new().counter(follower)
            };
            store.commit(changes).await.unwrap();
            assert_eq!(store.followers(&[channel_id("ada")]).await.unwrap(), [n]);
            let reply = Replies::get(&store, viewer("bea"), &once.key)
                .await
                .unwrap();
            assert!(reply.is_some());
        }
    });
}
