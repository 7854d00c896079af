//! Who is signed in is told what concerns them, wherever they are.

use std::sync::{Arc, Weak};

use greenroom_app::App;
use greenroom_app::notification::{NotificationView, Subscriber, listen};

use super::Problem;
use super::connection::Connection;
use super::speech::Speech;
use super::vocabulary::Event;
use crate::wire::NotificationJson;

/// For as long as they are connected; those who are spoken to in other words have none for it.
pub(super) async fn begin(app: &Arc<App>, connection: &Arc<Connection>) -> Result<(), Problem> {
    if connection.actor.user().is_some() && matches!(connection.speech, Speech::Ours) {
        let told = Arc::new(Told(Arc::downgrade(connection)));
        let listening = listen(app, &connection.actor, told).await?;
        // It begins once.
        let _ = connection.notified.set(listening);
    }
    Ok(())
}

/// One connection. What does not fit its queue closes it, as anything that may not be lost.
struct Told(Weak<Connection>);

impl Subscriber for Told {
    fn deliver(&self, told: &Arc<NotificationView>) {
        if let Some(connection) = self.0.upgrade()
            && let Err(problem) =
                connection.tell(Event::Notification, &NotificationJson::from(told.as_ref()))
        {
            super::log(&problem);
        }
    }
}
