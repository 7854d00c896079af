//! Where a delayed chat is cut for those who are not of its staff.

use greenroom_domain::access::Standing;
use greenroom_domain::chat::{Line, Place, RoomLog, Seq};
use greenroom_domain::shared::id::ChannelId;
use greenroom_domain::shared::store::StoreError;

use crate::{App, Refusal};

/// How many lines are looked at together: among so many of one moment the order of their
/// times may be another than that of their places.
const CLOSE: usize = 256;

impl App {
    /// Where a room's log ends for one who stands so: for viewers of a delayed chat, before
    /// the first line that is not due yet.
    pub async fn end_of_log(&self, room: ChannelId, reader: Standing) -> Result<Place, Refusal> {
        let head = self.ports.room_log.head(room).await?;
        let rules = self.rules.of(self, room).await?;
        let Some(delay) = rules.room.delay_for(reader) else {
            return Ok(head);
        };
        let seq = match self.hub.shown_to_viewers(room) {
            Some(shown) => shown,
            None => {
                let due = self.now() - delay.length();
                find(&*self.ports.room_log, room, head.seq, |line| line.at <= due).await?
            }
        };
        Ok(Place { seq, ..head })
    }
}

/// The last line of a log that ends at `head` before the first that is not due. In about as
/// many questions as its length has binary digits, however many are not.
pub(super) async fn find(
    log: &dyn RoomLog,
    room: ChannelId,
    head: Seq,
    is_due: impl Fn(&Line) -> bool + Send + Sync,
) -> Result<Seq, StoreError> {
    let mut end = head.next();
    let mut back = CLOSE as u64;
    loop {
        let lines = log.before(room, Some(end), CLOSE).await?;
        let first = lines.iter().position(|line| !is_due(line));
        match first.and_then(|first| lines.get(first)) {
            None => return Ok(Seq(end.0 - 1)),
            Some(line) if first > Some(0) || line.place.seq.0 <= 1 => {
                return Ok(Seq(line.place.seq.0 - 1));
            }
            Some(line) => end = line.place.seq,
        }
        // Further back each time, then closer again from both sides.
        let mut low = 0;
        while back < end.0 {
            let seq = Seq(end.0 - back);
            back *= 2;
            match log.line(room, seq).await? {
                Some(line) if is_due(&line) => {
                    low = seq.0;
                    break;
                }
                _ => end = seq,
            }
        }
        while end.0 - low > CLOSE as u64 {
            let middle = Seq(low + (end.0 - low) / 2);
            match log.line(room, middle).await? {
                Some(line) if is_due(&line) => low = middle.0,
                _ => end = middle,
            }
        }
        // What is left is looked at once more together, with the line that was found not due.
        back = CLOSE as u64;
    }
}
