//! Where encoders come in: plainly, or behind something that makes the connection secure.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Where encoders come in.
pub struct Door {
    pub(super) listener: TcpListener,
    pub(super) secure: Option<Arc<dyn Secure>>,
}

impl Door {
    /// RTMP.
    pub fn plain(listener: TcpListener) -> Self {
        Self {
            listener,
            secure: None,
        }
    }

    /// RTMP on connections that are made secure first: RTMPS.
    pub fn secure(listener: TcpListener, secure: Arc<dyn Secure>) -> Self {
        Self {
            listener,
            secure: Some(secure),
        }
    }
}

/// Makes a connection secure: the engine knows neither certificates nor TLS. It may take as long
/// as the engine has patience with an encoder that does not publish.
#[async_trait]
pub trait Secure: Send + Sync {
    /// The connection, once both sides have agreed.
    async fn secure(&self, stream: TcpStream) -> io::Result<Box<dyn Socket>>;
}

/// A connection, whatever lies under it.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}
