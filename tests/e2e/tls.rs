//! With a certificate: HTTPS by HTTP/2 and HTTP/1.1, RTMPS, and everything on them.

use std::time::Duration;

use greenroom_tests::chat::{ChatClients, Transport};
use greenroom_tests::ffmpeg::Publish;
use greenroom_tests::server::Server;
use greenroom_tests::tls::{self, Certificate, CertificateFiles};
use greenroom_tests::{ports, probe, wait};
use reqwest::header::{ORIGIN, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use reqwest::{Client, ClientBuilder, Version};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

const LIMIT: Duration = Duration::from_secs(60);
/// How long a stranger may take to do nothing.
const PATIENCE: Duration = Duration::from_secs(12);
/// What HTTP/2 begins with (RFC 9113, 3.4), and the client's empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A server that speaks TLS, and what its clients need.
struct Secure {
    server: Server,
    certificate: Certificate,
    files: CertificateFiles,
    rtmps: u16,
}

impl Secure {
    async fn start() -> Self {
        let certificate = Certificate::new();
        let files = CertificateFiles::of(&certificate);
        let rtmps = ports::free();
        let (file, key) = (files.certificate(), files.key());
        let server = Server::start_with(&[
            ("GREENROOM_TLS__CERTIFICATE", &file.to_string_lossy()),
            ("GREENROOM_TLS__KEY", &key.to_string_lossy()),
            ("GREENROOM_RTMP__TLS_ADDRESS", &format!("127.0.0.1:{rtmps}")),
        ])
        .await;
        Self {
            server,
            certificate,
            files,
            rtmps,
        }
    }

    fn client(&self) -> ClientBuilder {
        let pem = self.certificate.pem.as_bytes();
        let trusted = reqwest::Certificate::from_pem(pem).expect("it is a certificate");
        Client::builder().no_proxy().tls_certs_only([trusted])
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.https())
    }

    async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let port = self.server.http_port();
        tls::connect(port, protocols, &[&self.certificate])
            .await
            .expect("it speaks TLS")
    }
}

#[tokio::test]
async fn pages_and_the_api_come_by_http2_and_by_http1() {
    let secure = Secure::start().await;
    secure.server.user("kim").await;
    let clients = [
        (secure.client(), Version::HTTP_2),
        (secure.client().http1_only(), Version::HTTP_11),
    ];
    for (client, version) in clients {
        let client = client.build().expect("a client");
        let page = client.get(secure.url("/")).send().await.expect("an answer");
        assert_eq!((page.version(), page.status().as_u16()), (version, 200));
        assert!(page.headers().contains_key(STRICT_TRANSPORT_SECURITY));

        let credentials = json!({ "username": "kim", "password": "a long enough password" });
        let sign_in = |origin: &str| {
            let request = client.post(secure.url("/api/v1/sessions"));
            request.header(ORIGIN, origin).json(&credentials).send()
        };
        let signed_in = sign_in(&secure.server.https()).await.expect("an answer");
        assert_eq!(signed_in.status(), 201);
        let cookie = signed_in.headers()[SET_COOKIE].to_str().expect("text");
        assert!(cookie.contains("; Secure"), "{cookie}");
        let foreign = sign_in("https://evil.example").await.expect("an answer");
        assert_eq!(foreign.status(), 403);
    }

    // A body that is refused unread costs HTTP/2 no connection: the answer is always heard.
    let client = secure.client().build().expect("a client");
    let large = vec![b'x'; 200_000];
    let request = client.post(secure.url("/api/v1/users")).body(large);
    let request = request.header("content-type", "application/json");
    assert_eq!(request.send().await.expect("an answer").status(), 413);
}

#[tokio::test]
async fn what_is_published_by_rtmps_is_played_by_https() {
    let secure = Secure::start().await;
    let channel = secure.server.channel("ann").await;
    let client = secure.client().build().expect("a client");
    let ask = async |path: &str| {
        let request = client.get(secure.url(path)).bearer_auth(&channel.token);
        let answer = request.send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let shown = ask("/api/v1/channels/ann").await;
    let addresses = &shown["ingest"]["addresses"];
    assert_eq!(addresses[1]["protocol"], "rtmps");
    let url = addresses[1]["url"].as_str().expect("an address");
    assert_eq!(url, format!("rtmps://localhost:{}/live", secure.rtmps));

    let _publisher = Publish::default().to(&format!("{url}/{}", channel.key));
    wait::until("it is live", LIMIT, async || {
        let shown = ask("/api/v1/channels/ann").await;
        (shown["live"]["ingest"] == "publishing").then_some(())
    })
    .await;
    let playback = ask("/api/v1/channels/ann/playback").await;
    let path = playback["addresses"][0]["url"].as_str();
    let path = path.expect("an address");
    assert!(path.starts_with("/hls/ann/"), "{path}");
    let length = Duration::from_secs(4);
    let decoded = probe::decode(&secure.url(path), length, LIMIT).await;
    let decoded = decoded.expect("it is played");
    assert!(decoded.frames >= 110, "{decoded:?}");
    assert!(decoded.complaints.is_empty(), "{decoded:?}");
}

#[tokio::test]
async fn chat_goes_by_secure_websockets_and_polling() {
    let secure = Secure::start().await;
    let channel = secure.server.channel("ann").await;
    let file = secure.files.certificate();
    let mut clients = ChatClients::trusting(&secure.server.https(), &file.to_string_lossy());
    let transports = [Transport::WebSocket, Transport::Polling, Transport::Upgrade];
    for (name, by) in ["socket", "polling", "upgrade"].into_iter().zip(transports) {
        clients.connect(name, by, Some(&channel.token)).await;
        let room = json!({ "handle": "ann" });
        clients.follow(name, "join-channel", room).await;
    }
    let message = json!({ "handle": "ann", "message": "by TLS" });
    let sent = clients.does("socket", "send-message", message).await;
    let seq = sent["seq"].as_u64().expect("a number");
    for name in ["socket", "polling", "upgrade"] {
        clients.catches_up(name, seq).await;
        let heard = clients.view(name);
        let last = heard.last().map(|line| &line["text"]);
        assert_eq!(last, Some(&json!("by TLS")), "{name}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    let secure = Secure::start().await;
    let port = secure.server.http_port();
    let renewed = Certificate::new();
    let trusted = [&secure.certificate, &renewed];
    let shown = async || {
        tls::connect(port, &[], &trusted)
            .await
            .expect("it speaks TLS")
    };
    let mut old = shown().await;
    assert!(secure.certificate.is_shown_by(&old));

    secure.files.replace(&renewed);
    wait::until("the renewed one is shown", LIMIT, async || {
        // A connection that asks for nothing would not be there as long as this takes.
        alive(&mut old).await;
        renewed.is_shown_by(&shown().await).then_some(())
    })
    .await;
    alive(&mut old).await;

    CertificateFiles::write(&secure.files.certificate(), "-----BEGIN CERT");
    wait::until("the log tells of the broken one", LIMIT, async || {
        let told = "the certificate has changed and cannot be used";
        secure.server.has_logged(told).then_some(())
    })
    .await;
    assert!(renewed.is_shown_by(&shown().await));
    assert!(!secure.server.has_logged("PRIVATE KEY"));
}

#[tokio::test]
async fn who_does_not_speak_tls_is_turned_away() {
    let secure = Secure::start().await;
    let http = secure.server.http_port();
    let mut plain = TcpStream::connect(("127.0.0.1", http)).await.expect("open");
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = String::new();
    let read = timeout(PATIENCE, plain.read_to_string(&mut answer)).await;
    read.expect("it is closed").expect("it is told why");
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("HTTPS.\n"),
        "{answer}"
    );

    // RTMP where RTMPS is spoken, and silence in both places.
    let mut rtmp = TcpStream::connect(("127.0.0.1", secure.rtmps))
        .await
        .expect("open");
    rtmp.write_all(&[3; 1537]).await.expect("sent");
    assert!(is_closed(&mut rtmp).await);
    for port in [http, secure.rtmps] {
        let mut silent = TcpStream::connect(("127.0.0.1", port)).await.expect("open");
        assert!(is_closed(&mut silent).await);
    }
}

#[tokio::test]
async fn floods_by_http2_cost_the_flooder_the_connection() {
    let mut secure = Secure::start().await;
    // GET / over https, by the static table (RFC 7541, appendix A): 2, 7, 4; and an authority.
    let head = b"\x82\x87\x84\x41\x09localhost";
    let request = |stream: u32, flags: u8| frame(1, flags, stream, head);
    let memory = secure.server.memory_kib();

    // Asked and taken back (CVE-2023-44487).
    let mut rapid = secure.connect(&["h2"]).await;
    let taken_back = (0..5000).flat_map(|number| {
        let stream = 2 * number + 1;
        [
            request(stream, 5),
            frame(3, 0, stream, &8_u32.to_be_bytes()),
        ]
        .concat()
    });
    let flood: Vec<u8> = HELLO.iter().copied().chain(taken_back).collect();
    // It may be closed by now.
    rapid.write_all(&flood).await.ok();
    assert!(is_closed(&mut rapid).await);

    // A head without end (CVE-2024-27316).
    let mut endless = secure.connect(&["h2"]).await;
    endless.write_all(HELLO).await.expect("sent");
    endless.write_all(&request(1, 0)).await.expect("sent");
    let more = frame(
        9,
        0,
        1,
        &[b"\x00\x01x\x7f\x80\x7d".as_slice(), &[b'x'; 252]].concat(),
    );
    for _ in 0..2000 {
        if endless.write_all(&more).await.is_err() {
            break;
        }
    }
    assert!(is_closed(&mut endless).await);

    // Nothing at all, half a greeting, and a greeting without a request.
    for part in [0, 10, HELLO.len()] {
        let mut silent = secure.connect(&["h2"]).await;
        silent.write_all(&HELLO[..part]).await.expect("sent");
        silent.flush().await.expect("sent");
        assert!(is_closed(&mut silent).await, "after {part} bytes");
    }

    let client = secure.client().build().expect("a client");
    let page = client.get(secure.url("/")).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(secure.server.is_running());
    assert!(!secure.server.has_logged("panicked"));
    let grown = secure.server.memory_kib().saturating_sub(memory);
    assert!(grown < 16 * 1024, "{grown} KiB more than before");
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Asks on a connection of HTTP/1.1, and reads the answer.
async fn alive(connection: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    connection.write_all(request).await.expect("it is open");
    let mut answer = Vec::new();
    while !answer.ends_with(b"alive\n") {
        let read = connection.read_buf(&mut answer).await.expect("it is open");
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
}

/// Whether it is closed in time, whatever is said before.
async fn is_closed(connection: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut ignored = [0; 4096];
    let read = async { while matches!(connection.read(&mut ignored).await, Ok(1..)) {} };
    timeout(PATIENCE, read).await.is_ok()
}
