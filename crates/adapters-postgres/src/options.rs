//! How a database is reached.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// Whoever asks has an answer within about this time, be it that there is none.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// So long a read waits for a connection.
pub(crate) const ACQUIRE_WITHIN: Duration = Duration::from_millis(1500);

/// What every session is told: nothing may hold a connection, or a lock, for long. The
/// keepalives let the server notice within some seconds that a node is gone, so that its
/// locks are free.
///
/// Every statement finds its rows by an index, and is planned once: a plan that was made while
/// a table was nearly empty must not read it from its beginning when it has grown.
const SESSION: [(&str, &str); 11] = [
    ("statement_timeout", "1500ms"),
    ("lock_timeout", "1400ms"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "3"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];

/// How many nodes may run on one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes {
    /// This one alone: it shares no presence, limits and leases with others.
    One,
    /// Any number that say so.
    Many,
}

/// Where the database is, and how much of it to use. Shows no password.
#[derive(Clone)]
pub struct PgOptions {
    connect: PgConnectOptions,
    pub(crate) max_connections: u32,
    pub(crate) nodes: Option<Nodes>,
}

/// The text is no PostgreSQL URL. It says nothing of the text, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("the database's URL cannot be read: postgres://user:password@host:port/name is expected")]
pub struct UrlError;

impl PgOptions {
    /// Reads what `postgres://user:password@host:port/name?option=value` says.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(UrlError);
        }
        let connect = PgConnectOptions::from_str(url).map_err(|_| UrlError)?;
        Ok(Self {
            connect: connect
                .application_name("greenroom")
                .disable_statement_logging(),
            max_connections: 10,
            nodes: None,
        })
    }

    /// So many connections serve reads at most, at least one; two more write and listen.
    #[must_use]
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// Refuses to open beside nodes that do not fit, and keeps them out while it is open.
    /// Nothing is refused without it: for tools that run beside the nodes.
    #[must_use]
    pub fn nodes(mut self, nodes: Nodes) -> Self {
        self.nodes = Some(nodes);
        self
    }

    /// For sessions whose statements are all short.
    pub(crate) fn bounded(&self) -> PgConnectOptions {
        self.connect.clone().options(SESSION)
    }

    /// For a session that may take its time.
    pub(crate) fn patient(&self) -> &PgConnectOptions {
        &self.connect
    }
}

impl fmt::Display for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connect = &self.connect;
        let place: &dyn fmt::Display = match connect.get_socket() {
            Some(socket) => &socket.display(),
            None => &connect.get_host(),
        };
        let name = connect.get_database().unwrap_or(connect.get_username());
        write!(f, "postgres://{place}:{}/{name}", connect.get_port())
    }
}

impl fmt::Debug for PgOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgOptions")
            .field("database", &self.to_string())
            .field("max_connections", &self.max_connections)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let options = PgOptions::parse("postgres://ada:s3cret@db.example:5433/greenroom").unwrap();
        assert_eq!(options.to_string(), "postgres://db.example:5433/greenroom");
        assert!(!format!("{options:?}").contains("s3cret"));
        let wrong = PgOptions::parse("mysql://ada:s3cret@db.example/greenroom").unwrap_err();
        assert!(!format!("{wrong:?} {wrong}").contains("s3cret"));
    }
}
