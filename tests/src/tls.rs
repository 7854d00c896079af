//! Certificates that nobody signed, and a client that looks at what it is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate of `localhost` and `127.0.0.1`, with its key.
#[derive(Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    /// As its file holds it.
    pub pem: String,
    /// Its key, as its file holds it.
    pub key: String,
}

/// The files that a server is given; dropping them removes them.
#[derive(Debug)]
pub struct CertificateFiles(TempDir);

impl Certificate {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).expect("the names are names");
        Self {
            der: made.cert.der().clone(),
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    /// Whether a connection shows this one.
    #[must_use]
    pub fn is_shown_by(&self, connection: &TlsStream<TcpStream>) -> bool {
        let shown = connection.get_ref().1.peer_certificates();
        shown.is_some_and(|chain| chain == [self.der.clone()])
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

impl CertificateFiles {
    /// Files that hold this certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        let files = Self(tempfile::tempdir().expect("a folder can be made"));
        files.replace(certificate);
        files
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("certificate.pem")
    }

    /// The key's file.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    /// Puts another certificate into them, as whoever renews one does: a file at a time.
    pub fn replace(&self, certificate: &Certificate) {
        Self::write(&self.key(), &certificate.key);
        Self::write(&self.certificate(), &certificate.pem);
    }

    /// Gives a file another content at once.
    pub fn write(file: &Path, content: &str) {
        let aside = file.with_extension("new");
        std::fs::write(&aside, content).expect("the folder is there");
        std::fs::rename(&aside, file).expect("the folder is there");
    }
}

/// Connects to `localhost`, offers these protocols, and trusts these certificates alone.
pub async fn connect(
    port: u16,
    protocols: &[&str],
    trusted: &[&Certificate],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        let added = roots.add(certificate.der.clone());
        added.expect("it is a certificate");
    }
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}
