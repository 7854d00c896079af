//! What rooms show, from node to node.

use std::sync::Arc;

use greenroom_domain::chat::{Ephemeral, Line};
use greenroom_domain::shared::bus::Signal;
use greenroom_domain::shared::id::ChannelId;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::chat::react;

impl App {
    /// Shows a line that was committed here, at every node.
    pub(crate) fn show_line(&self, room: ChannelId, line: Line) {
        self.ports.bus.tell(Signal::Line {
            room,
            line: line.clone(),
        });
        self.notifications.take_line(room, &line);
        self.hub.publish(room, line);
    }

    /// Shows something that no log keeps, at every node.
    pub(crate) fn show(&self, room: ChannelId, what: Ephemeral) {
        self.ports.bus.tell(Signal::Ephemeral {
            room,
            what: what.clone(),
        });
        self.hub.show(room, what);
    }
}

/// Shows here what other nodes show, until shutdown.
pub(crate) async fn run(app: &Arc<App>, shutdown: &CancellationToken) {
    let hearing = async {
        loop {
            match app.ports.bus.hear().await {
                Signal::Line { room, line } => {
                    app.notifications.take_line(room, &line);
                    app.hub.publish(room, line);
                }
                Signal::Ephemeral {
                    room,
                    what: Ephemeral::Reactions { counts },
                } => react::take(app, room, &counts),
                Signal::Ephemeral { room, what } => app.hub.show(room, what),
            }
        }
    };
    shutdown.run_until_cancelled(hearing).await;
}
