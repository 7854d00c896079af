//! Chat clients: the real `socket.io-client`, and a checker of what they have seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::Api;
use crate::node::Node;

/// How long an answer may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Clients in one process of Node; dropping it disconnects them.
#[derive(Debug)]
pub struct ChatClients {
    node: Node,
    /// Events of each client, in the order in which they came.
    heard: BTreeMap<String, Vec<Value>>,
    answers: BTreeMap<u64, Value>,
    orders: u64,
}

/// By which transports a client may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Long polling alone.
    Polling,
    /// WebSocket from the start.
    WebSocket,
    /// As clients do when nothing is said: polling, then an upgrade.
    Upgrade,
}

/// An order that was given; [`ChatClients::answer`] waits for what it came to.
#[derive(Clone, Copy, Debug)]
pub struct Order(u64);

impl ChatClients {
    /// Clients of the server at `url` (`http://host:port`).
    #[must_use]
    pub fn of(url: &str) -> Self {
        Self::with(&[("SERVER_URL", url)])
    }

    /// Clients of the server at `url` (`https://host:port`) that trust this certificate too.
    #[must_use]
    pub fn trusting(url: &str, certificate: &str) -> Self {
        Self::with(&[("SERVER_URL", url), ("NODE_EXTRA_CA_CERTS", certificate)])
    }

    fn with(environment: &[(&str, &str)]) -> Self {
        Self {
            node: Node::run("chat-client.mjs", environment),
            heard: BTreeMap::new(),
            answers: BTreeMap::new(),
            orders: 0,
        }
    }

    /// Connects one, by a bearer token or as a guest; what its event `session` says.
    pub async fn connect(&mut self, name: &str, by: Transport, token: Option<&str>) -> Value {
        let transports = match by {
            Transport::Polling => json!(["polling"]),
            Transport::WebSocket => json!(["websocket"]),
            Transport::Upgrade => json!(["polling", "websocket"]),
        };
        let auth = token.map_or_else(|| json!({}), |token| json!({ "token": token }));
        let order =
            json!({ "do": "connect", "client": name, "transports": transports, "auth": auth });
        let order = self.order(order).await;
        self.answer(order).await
    }

    /// Gives an order; see `tests/node/chat-client.mjs`.
    pub async fn order(&mut self, mut order: Value) -> Order {
        self.orders += 1;
        order["id"] = json!(self.orders);
        self.node.send(&order).await;
        Order(self.orders)
    }

    /// What an order came to; panics when it failed or took too long.
    pub async fn answer(&mut self, Order(id): Order) -> Value {
        let start = Instant::now();
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            self.read(LIMIT.saturating_sub(start.elapsed()), "an answer")
                .await;
        }
    }

    /// Asks for something that may be refused; the acknowledgement.
    pub async fn ask(&mut self, client: &str, event: &str, payload: Value) -> Value {
        let order = json!({ "do": "ask", "client": client, "event": event, "payload": payload });
        let order = self.order(order).await;
        self.answer(order).await
    }

    /// Asks for something that is done; the acknowledgement.
    pub async fn does(&mut self, client: &str, event: &str, payload: Value) -> Value {
        let answer = self.ask(client, event, payload).await;
        assert_eq!(answer["ok"], true, "{client} {event}: {answer}");
        answer
    }

    /// Asks for something that is refused with this code; the details.
    pub async fn fails(&mut self, client: &str, event: &str, payload: Value, code: &str) -> Value {
        let mut answer = self.ask(client, event, payload).await;
        let told = (&answer["ok"], &answer["code"]);
        assert_eq!(
            told,
            (&json!(false), &json!(code)),
            "{client} {event}: {answer}"
        );
        answer["details"].take()
    }

    /// Joins a room, now and after every reconnection with the last place.
    pub async fn follow(&mut self, client: &str, event: &str, payload: Value) -> Value {
        let order = json!({ "do": "follow", "client": client, "event": event, "payload": payload });
        let order = self.order(order).await;
        let answer = self.answer(order).await;
        assert_eq!(answer["ok"], true, "{client} {event}: {answer}");
        answer
    }

    /// Lets it hang up.
    pub async fn disconnect(&mut self, client: &str) {
        let order = self
            .order(json!({ "do": "disconnect", "client": client }))
            .await;
        self.answer(order).await;
    }

    /// Lets it come back after [`disconnect`](Self::disconnect).
    pub async fn reconnect(&mut self, client: &str) {
        let order = self
            .order(json!({ "do": "reconnect", "client": client }))
            .await;
        self.answer(order).await;
    }

    /// What came by this event, already or in time, and is what `wanted` looks for.
    pub async fn hears(
        &mut self,
        client: &str,
        event: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        let what = format!("{client} hears {event}");
        let mut seen = 0;
        loop {
            let heard = self.heard.get(client).map_or(&[][..], Vec::as_slice);
            let mut news = heard[seen..].iter().filter(|it| it["event"] == event);
            if let Some(found) = news.find(|it| wanted(&it["data"])) {
                return found["data"].clone();
            }
            seen = heard.len();
            self.read(LIMIT.saturating_sub(start.elapsed()), &what)
                .await;
        }
    }

    /// How many events of this name a client has heard.
    #[must_use]
    pub fn count(&self, client: &str, event: &str) -> usize {
        let heard = self.heard.get(client).into_iter().flatten();
        heard.filter(|it| it["event"] == event).count()
    }

    /// The room's lines that a client has heard, in the order in which they came.
    #[must_use]
    pub fn view(&self, client: &str) -> Vec<Value> {
        let heard = self.heard.get(client).into_iter().flatten();
        let data = heard.map(|it| &it["data"]);
        data.filter(|data| data["seq"].is_u64()).cloned().collect()
    }

    /// Waits until a client has heard the line with this number.
    pub async fn catches_up(&mut self, client: &str, seq: u64) {
        let start = Instant::now();
        let what = format!("{client} catches up to {seq}");
        let at = |view: &[Value]| view.last().and_then(|line| line["seq"].as_u64());
        while at(&self.view(client)).is_none_or(|at| at < seq) {
            self.read(LIMIT.saturating_sub(start.elapsed()), &what)
                .await;
        }
    }

    async fn read(&mut self, limit: Duration, what: &str) {
        let Some(line) = self.node.next(limit).await else {
            panic!(
                "waited {LIMIT:?} in vain: {what}\n{}",
                self.node.stderr_tail()
            );
        };
        if let Some(id) = line["id"].as_u64() {
            assert!(line["error"].is_null(), "order {id}: {}", line["error"]);
            self.answers.insert(id, line["answer"].clone());
        } else if let Some(client) = line["client"].as_str() {
            self.heard.entry(client.to_owned()).or_default().push(line);
        } else {
            panic!("chat-client.mjs says {line}");
        }
    }
}

/// A room's whole log, by REST, oldest line first.
pub async fn log(api: &Api, handle: &str) -> Vec<Value> {
    let mut log: Vec<Value> = Vec::new();
    loop {
        let before = log
            .first()
            .and_then(|line| line["place"].as_str())
            .map_or_else(String::new, |place| format!("&before={place}"));
        let path = format!("/api/v1/channels/{handle}/chat?limit=100{before}");
        let page = api.get(&path).await.expect(200);
        let mut lines = page["lines"].as_array().cloned().unwrap_or_default();
        if lines.is_empty() {
            return log;
        }
        lines.append(&mut log);
        log = lines;
    }
}

/// Checks what a client has seen against the log: each line once, in order, without a gap, and
/// as it is in the log.
pub fn check_view(client: &str, view: &[Value], log: &[Value]) {
    let seq = |line: &Value| line["seq"].as_u64().unwrap_or_default();
    let Some(first) = view.first().map(seq) else {
        panic!("{client} has seen nothing");
    };
    let seen: Vec<u64> = view.iter().map(seq).collect();
    let contiguous: Vec<u64> = (first..).take(view.len()).collect();
    assert_eq!(
        seen, contiguous,
        "{client}: a gap, a double, or another order"
    );
    let from = usize::try_from(first - 1).expect("a log in a test is short");
    assert!(
        from + view.len() <= log.len(),
        "{client} has seen more than there is"
    );
    for (seen, kept) in view.iter().zip(&log[from..]) {
        for field in ["place", "at", "type", "text", "author", "client_message_id"] {
            assert_eq!(seen[field], kept[field], "{client}: {field} of {seen}");
        }
    }
}

/// Checks a log: numbered without a gap, and no client message id twice by one author.
pub fn check_log(log: &[Value]) {
    let mut ids = BTreeMap::new();
    for (line, seq) in log.iter().zip(1_u64..) {
        assert_eq!(line["seq"], seq, "the log has a gap: {line}");
        if let Some(id) = line["client_message_id"].as_str() {
            let author = line["author"]["identity"].to_string();
            let earlier = ids.insert((author, id.to_owned()), seq);
            assert_eq!(earlier, None, "twice in the log: {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, id: &str) -> Value {
        json!({ "seq": seq, "place": format!("1:{seq}"), "type": "message", "text": id,
            "author": { "identity": "user:1" }, "client_message_id": id })
    }

    fn fails(check: impl FnOnce() + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(check).is_err()
    }

    #[test]
    fn a_gap_a_double_and_another_order_are_noticed() {
        let log = [line(1, "a"), line(2, "b"), line(3, "c")];
        check_log(&log);
        check_view("slice", &log[1..], &log);
        for view in [
            vec![],
            vec![line(1, "a"), line(3, "c")],
            vec![line(1, "a"), line(1, "a"), line(2, "b")],
            vec![line(2, "b"), line(1, "a")],
            vec![line(1, "a"), line(2, "other")],
            vec![line(3, "c"), line(4, "unknown")],
        ] {
            assert!(fails(|| check_view("view", &view, &log)), "{view:?}");
        }
        for log in [
            vec![line(1, "a"), line(3, "c")],
            vec![line(1, "a"), line(2, "a")],
        ] {
            assert!(fails(|| check_log(&log)), "{log:?}");
        }
    }
}
