//! A viewer of LL-HLS that only loads: each rendition's playlist by blocking reload, each new
//! part once, on a connection that is kept. Speaks to any server that follows RFC 8216bis.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than any blocked reload or part may take.
const PATIENCE: Duration = Duration::from_secs(20);
const READ_BUFFER: usize = 64 * 1024;

/// What all viewers together got.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) parts: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) failures: AtomicU64,
}

/// Watches all renditions of the multivariant playlist at `path` until dropped.
///
/// `number` makes an address of its own for the viewer (of 127.0.0.0/8), as servers count by it.
pub(crate) async fn watch(server: SocketAddr, path: String, number: u16, load: Arc<Load>) {
    let [high, low] = number.to_be_bytes();
    let source = Ipv4Addr::new(127, 77, high, low);
    if let Err(error) = renditions(server, source, &path, &load).await
        && load.failures.fetch_add(1, Relaxed) == 0
    {
        println!("  a viewer gave up: {error}");
    }
}

async fn renditions(
    server: SocketAddr,
    source: Ipv4Addr,
    path: &str,
    load: &Arc<Load>,
) -> io::Result<()> {
    let mut connection = Connection::open(server, source).await?;
    let (playlist, at) = connection.text(path.to_owned()).await?;
    let paths = rendition_paths(&playlist, &at);
    let mut tasks = tokio::task::JoinSet::new();
    for path in paths {
        let (load, cookie) = (Arc::clone(load), connection.cookie.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(server, source).await?;
            connection.cookie = cookie;
            follow(&mut connection, &path, &load).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Err(io::Error::other("no renditions"))
}

/// The first variant's playlist and the audio renditions' that stand alone.
pub(crate) fn rendition_paths(playlist: &str, at: &str) -> Vec<String> {
    let mut lines = playlist.lines();
    let mut paths = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("#EXT-X-MEDIA:") && line.contains("TYPE=AUDIO") {
            paths.extend(attribute(line, "URI").map(|uri| resolve(at, uri)));
        } else if line.starts_with("#EXT-X-STREAM-INF:") {
            paths.extend(lines.next().map(|uri| resolve(at, uri)));
            break;
        }
    }
    paths
}

async fn follow(connection: &mut Connection, path: &str, load: &Load) -> io::Result<()> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (playlist, mut at) = connection.text(path.to_owned()).await?;
    let (mut seen, _) = parts(&playlist);
    loop {
        let (segment, part) = seen;
        let ask = format!("{path}{separator}_HLS_msn={segment}&_HLS_part={part}");
        let (playlist, now_at) = connection.text(ask).await?;
        at.clone_from(&now_at);
        let (next, parts) = parts(&playlist);
        for (number, uri) in parts {
            if number >= seen {
                let bytes = connection.skip(resolve(&at, uri)).await?;
                load.parts.fetch_add(1, Relaxed);
                load.bytes.fetch_add(bytes, Relaxed);
            }
        }
        seen = seen.max(next);
    }
}

/// Segment and part.
type Number = (u64, u64);

/// The number of the part to come, and all that are listed.
fn parts(playlist: &str) -> (Number, Vec<(Number, &str)>) {
    let (mut segment, mut part, mut parts) = (0, 0, Vec::new());
    for line in playlist.lines() {
        if let Some(number) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
            segment = number.trim().parse().unwrap_or(0);
        } else if line.starts_with("#EXTINF:") {
            (segment, part) = (segment + 1, 0);
        } else if line.starts_with("#EXT-X-PART:") {
            parts.extend(attribute(line, "URI").map(|uri| ((segment, part), uri)));
            part += 1;
        }
    }
    ((segment, part), parts)
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn resolve(at: &str, uri: &str) -> String {
    if uri.starts_with('/') {
        return uri.to_owned();
    }
    let path = at.split('?').next().unwrap_or(at);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{uri}")
}

/// A kept HTTP/1.1 connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
    cookie: String,
    /// The header that a proxy would send for its client.
    forwarded: String,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr, source: Ipv4Addr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(READ_BUFFER, stream),
            line: String::new(),
            body: Vec::new(),
            cookie: String::new(),
            forwarded: String::new(),
        })
    }

    /// Asks for somebody at this address from now on, as a proxy does: limits are for each.
    pub(crate) fn ask_for(&mut self, client: Ipv4Addr) {
        self.forwarded = format!("X-Forwarded-For: {client}\r\n");
    }

    /// A text, and where it was in the end.
    pub(crate) async fn text(&mut self, path: String) -> io::Result<(String, String)> {
        let (at, _) = self.get(path, true).await?;
        let text = String::from_utf8(std::mem::take(&mut self.body)).map_err(io::Error::other)?;
        Ok((text, at))
    }

    /// Reads a body without keeping it: how many bytes.
    async fn skip(&mut self, path: String) -> io::Result<u64> {
        Ok(self.get(path, false).await?.1)
    }

    async fn get(&mut self, mut path: String, keep: bool) -> io::Result<(String, u64)> {
        for _ in 0..4 {
            let reply = tokio::time::timeout(PATIENCE, self.ask(&path, keep)).await??;
            match reply.location {
                Some(location) => path = resolve(&path, &location),
                None if reply.status == 200 => return Ok((path, reply.bytes)),
                None => {
                    let said = format!("{} for {path}", reply.status);
                    return Err(io::Error::other(said));
                }
            }
        }
        Err(io::Error::other(format!("{path} leads nowhere")))
    }

    async fn ask(&mut self, path: &str, keep: bool) -> io::Result<Reply> {
        let (cookie, forwarded) = (&self.cookie, &self.forwarded);
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}{forwarded}\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.line().await?;
        let status = self.line.split(' ').nth(1).and_then(|it| it.parse().ok());
        let mut reply = Reply {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            location: None,
            bytes: 0,
        };
        let (mut length, mut chunked) = (0, false);
        loop {
            self.line().await?;
            if self.line.is_empty() {
                break;
            }
            let Some((name, value)) = self.line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().map_err(io::Error::other)?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("location") {
                reply.location = Some(value.to_owned());
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let cookie = value.split(';').next().unwrap_or_default();
                self.cookie = format!("Cookie: {cookie}\r\n");
            }
        }
        self.body.clear();
        if !chunked {
            self.take(length, keep).await?;
            reply.bytes = length;
            return Ok(reply);
        }
        loop {
            self.line().await?;
            let size = u64::from_str_radix(&self.line, 16).map_err(io::Error::other)?;
            self.take(size, keep).await?;
            self.line().await?;
            reply.bytes += size;
            if size == 0 {
                return Ok(reply);
            }
        }
    }

    /// The next line, without its end.
    async fn line(&mut self) -> io::Result<()> {
        self.line.clear();
        if self.stream.read_line(&mut self.line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.line.truncate(self.line.trim_end().len());
        Ok(())
    }

    async fn take(&mut self, mut size: u64, keep: bool) -> io::Result<()> {
        while size > 0 {
            let read = self.stream.fill_buf().await?;
            if read.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let now = read.len().min(usize::try_from(size).unwrap_or(usize::MAX));
            if keep {
                self.body.extend_from_slice(&read[..now]);
            }
            self.stream.consume(now);
            size -= now as u64;
        }
        Ok(())
    }
}

struct Reply {
    status: u16,
    location: Option<String>,
    bytes: u64,
}
