//! One WebSocket: bytes in and out of an upgraded connection.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{Decoder, FrameError, Message};

/// One read takes at most so much; the buffer lives on the stack, so that idling costs none.
const READ: usize = 4096;
/// One `writev` takes at most so many frames.
const SLICES: usize = 64;
/// With more than this unwritten, pings go unanswered: their sender does not read.
const MAX_UNWRITTEN: usize = 80;

pub(crate) struct Link {
    io: TokioIo<Upgraded>,
    decoder: Decoder,
    /// Frames on their way out, the first perhaps half written.
    writing: VecDeque<Bytes>,
}

/// Why nothing more is to be read.
pub(crate) enum Broken {
    /// The connection ended.
    Gone,
    /// The client's frames are refused.
    Refused(FrameError),
}

impl Link {
    pub(crate) fn new(io: Upgraded, max_message: usize) -> Self {
        Self {
            io: TokioIo::new(io),
            decoder: Decoder::new(max_message),
            writing: VecDeque::new(),
        }
    }

    /// The next message.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Broken>> {
        loop {
            if let Some(message) = self.decoder.decode().map_err(Broken::Refused)? {
                return Poll::Ready(Ok(message));
            }
            // Not even cleared: this runs for every packet that is sent as well.
            let mut bytes = [const { MaybeUninit::uninit() }; READ];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => return Poll::Ready(Err(Broken::Gone)),
                Ok(()) => self.decoder.feed(buffer.filled()),
                Err(_) => return Poll::Ready(Err(Broken::Gone)),
            }
        }
    }

    /// Whether a message is half received.
    pub(crate) fn is_partial(&self) -> bool {
        self.decoder.is_partial()
    }

    /// Queues a frame in front of whatever else is still to come.
    pub(crate) fn push(&mut self, frame: Bytes) {
        if self.writing.len() < MAX_UNWRITTEN {
            self.writing.push_back(frame);
        }
    }

    /// Where the next batch goes, once the last one is written.
    pub(crate) fn batch(&mut self) -> &mut VecDeque<Bytes> {
        &mut self.writing
    }

    /// Whether everything is written.
    pub(crate) fn is_idle(&self) -> bool {
        self.writing.is_empty()
    }

    /// Writes what is queued: many shared frames with one call, none copied.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writing.is_empty() {
            let mut written = ready!(self.poll_write_some(cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            while written > 0 {
                let Some(first) = self.writing.front_mut() else {
                    break;
                };
                if first.len() > written {
                    first.advance(written);
                    break;
                }
                written -= first.len();
                self.writing.pop_front();
            }
        }
        if self.writing.capacity() > 16 {
            self.writing = VecDeque::new();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        if let (Some(only), 1) = (self.writing.front(), self.writing.len()) {
            return io.poll_write(cx, only);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.writing.len().min(SLICES);
        for (slice, frame) in slices.iter_mut().zip(&self.writing) {
            *slice = IoSlice::new(frame);
        }
        io.poll_write_vectored(cx, &slices[..count])
    }

    /// Ends the sending side.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
