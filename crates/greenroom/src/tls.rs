//! TLS for the web and for encoders: one certificate, from files that may change while it runs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use greenroom_adapters_media::{Secure, Socket};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::config;

/// How often it is looked whether the files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// HTTP/2 and HTTP/1.1 (RFC 7301), the first before the second.
const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// What a TLS connection begins with: a handshake record (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
/// What a client without TLS is told that may understand it.
const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\
    Content-Length: 27\r\nConnection: close\r\n\r\nThis address speaks HTTPS.\n";
/// How long such a client may take to read it.
const PARTING: Duration = Duration::from_millis(500);

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("cannot read {} ({key})", file.display())]
    Unreadable {
        /// The configuration's key for it.
        key: &'static str,
        /// Which.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// There is no certificate in its file.
    #[error("there is no certificate in {} (tls.certificate)", .0.display())]
    NoCertificate(PathBuf),
    /// The files do not go together.
    #[error("the key in {} (tls.key) does not fit the certificate in {} (tls.certificate)", key.display(), certificate.display())]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// No version of TLS can be spoken.
    #[error("TLS cannot be spoken")]
    Unspeakable(#[source] rustls::Error),
}

/// The certificate that is shown, which follows its files.
pub(crate) struct Certificate {
    files: config::Tls,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads it for the first time.
    pub(crate) fn load(files: &config::Tls) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = read(files, &provider)?;
        Ok(Arc::new(Self {
            files: files.clone(),
            provider,
            current: RwLock::new(Arc::new(current)),
        }))
    }

    /// For the web.
    pub(crate) fn http(self: &Arc<Self>) -> Result<Acceptor, TlsError> {
        self.acceptor(&HTTP)
    }

    /// For encoders, who know no protocols to choose from.
    pub(crate) fn rtmp(self: &Arc<Self>) -> Result<Acceptor, TlsError> {
        self.acceptor(&[])
    }

    fn acceptor(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<Acceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unspeakable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Unspeakable)?;
        Ok(Acceptor(TlsAcceptor::from(Arc::new(config))))
    }

    /// Reads it again whenever a file has changed, until shutdown. Connections that are there go
    /// on; what cannot be used is told to the log, and the old one stays.
    pub(crate) async fn follow(self: Arc<Self>, shutdown: CancellationToken) {
        let mut seen = stamp(&self.files);
        let rest = || tokio::time::sleep(LOOK_EVERY);
        while shutdown.run_until_cancelled(rest()).await.is_some() {
            // Before it is read: what changes meanwhile is seen the next time.
            let found = stamp(&self.files);
            if found != seen {
                seen = found;
                self.renew();
            }
        }
    }

    fn renew(&self) {
        match read(&self.files, &self.provider) {
            Ok(renewed) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(renewed);
                tracing::info!("the certificate has been read again");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the certificate has changed and cannot be used: the old one stays"
            ),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// Makes connections secure. It waits for its peers: whoever asks sets the limit.
#[derive(Clone)]
pub(crate) struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// A connection of the web. Whoever speaks plain HTTP is told so.
    pub(crate) async fn accept(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            turn_away(&mut stream).await;
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotTls));
        }
        self.0.accept(stream).await
    }
}

#[async_trait]
impl Secure for Acceptor {
    async fn secure(&self, stream: TcpStream) -> io::Result<Box<dyn Socket>> {
        Ok(Box::new(self.0.accept(stream).await?))
    }
}

/// Whether the other side chose HTTP/2.
pub(crate) fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP[0])
}

/// The peer speaks something else.
#[derive(Debug, thiserror::Error)]
#[error("the peer does not speak TLS")]
struct NotTls;

/// A socket that is closed with bytes unread is reset, and the peer would not see what it was
/// told.
async fn turn_away(stream: &mut TcpStream) {
    let parting = async {
        stream.write_all(SPEAKS_TLS).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1024];
        while stream.read(&mut ignored).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    // Gone is gone, however it went.
    let _ = tokio::time::timeout(PARTING, parting).await;
}

fn read(files: &config::Tls, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let unreadable = |key, file: &Path| {
        let file = file.to_owned();
        move |source| TlsError::Unreadable { key, file, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(unreadable("tls.certificate", &files.certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.certificate.clone()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable("tls.key", &files.key))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Unfit {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    })
}

/// What tells two states of the files apart: when each was written last, and how long it is.
fn stamp(files: &config::Tls) -> [Option<(SystemTime, u64)>; 2] {
    [&files.certificate, &files.key].map(|file| {
        let of = std::fs::metadata(file).ok()?;
        Some((of.modified().ok()?, of.len()))
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn certified() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    /// What is said of a certificate and key like these; nothing of files that are not there.
    fn refused(certificate: Option<&str>, key: Option<&str>) -> TlsError {
        let folder = tempfile::tempdir().unwrap();
        let files = config::Tls {
            certificate: folder.path().join("chain.pem"),
            key: folder.path().join("private.pem"),
        };
        for (file, content) in [(&files.certificate, certificate), (&files.key, key)] {
            if let Some(content) = content {
                std::fs::write(file, content).unwrap();
            }
        }
        Certificate::load(&files).unwrap_err()
    }

    #[test]
    fn what_cannot_be_used_is_named_by_file_and_key() {
        let ((certificate, key), (_, others)) = (certified(), certified());
        for (given, file, configured) in [
            ((None, Some(&key)), "chain.pem", "tls.certificate"),
            ((Some(&key), Some(&key)), "chain.pem", "tls.certificate"),
            ((Some(&certificate), None), "private.pem", "tls.key"),
            (
                (Some(&certificate), Some(&certificate)),
                "private.pem",
                "tls.key",
            ),
            (
                (Some(&certificate), Some(&others)),
                "private.pem",
                "tls.key",
            ),
        ] {
            let (certificate, key) = given;
            let error = refused(certificate.map(String::as_str), key.map(String::as_str));
            let said = error.to_string();
            assert!(said.contains(file) && said.contains(configured), "{said}");
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            assert!(!why.contains("PRIVATE"), "{why}");
        }
    }
}
