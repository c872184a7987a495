//! Messages of Postgres' protocol 3 on a connection.
//!
//! In: bytes. Out: [`Message`]s, read as a whole by pgwire, and bytes of answers. Guarantee: no message is longer than what
//! the reader allows (pgwire would take a gigabyte from anybody), nothing is believed of a length or a count before the
//! bytes are there, and what is not sent yet is bounded by whoever writes calling [`Wire::flush`].

use std::io;
use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use pgwire::messages::{DecodeContext, PgWireFrontendMessage};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::sound;

/// Most bytes that are read ahead while an answer is under way.
const READ_AHEAD: usize = 64 << 10;
/// How long a client that is sent away may take to hear so.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of answers that are collected before they are sent.
pub(super) const SEND_AT: usize = 32 << 10;
/// The kinds of messages that a client may send.
const KINDS: &[u8] = b"QPBDECHSXFpdcf";
const FUNCTION_CALL: u8 = b'F';

/// What a client says once it is let in.
#[derive(Debug)]
pub(super) enum Message {
    /// What pgwire reads.
    Known(PgWireFrontendMessage),
    /// A function that is called by its number, which drivers did before there was SQL for it. pgwire does not know it.
    FunctionCall,
}

/// Bytes that are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// The length is too short for any message, or longer than allowed.
    #[error("a message says it has {length} bytes; at most {most} are taken")]
    Length {
        /// What it says.
        length: i64,
        /// What is allowed.
        most: usize,
    },
    /// The kind is none of the protocol's.
    #[error("there is no message of the kind {0:#04x}")]
    Kind(u8),
    /// The content does not fit the kind.
    #[error("a message of the kind '{}' is not as the protocol has it: {}", char::from(*.0), .1)]
    Content(u8, &'static str),
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The client is gone.
    #[error(transparent)]
    Gone(#[from] io::Error),
    /// What it said is no message. `framed` says whether the next message begins at a known place.
    #[error("{error}")]
    Wrong {
        /// What is wrong.
        error: WireError,
        /// Whether reading may go on.
        framed: bool,
    },
}

/// A connection with what is read ahead and what is still to be sent.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    input: BytesMut,
    /// Messages still to be sent, always whole ones.
    pub(super) output: BytesMut,
    most: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A connection whose messages have at most `most` bytes.
    pub(super) fn new(stream: S, most: usize) -> Self {
        Self { stream, input: BytesMut::new(), output: BytesMut::new(), most }
    }

    /// Allows longer messages, once it is known who sends them.
    pub(super) fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// The stream itself, with nothing read ahead; `None` where bytes wait that it would not see.
    pub(super) fn into_stream(self) -> Option<S> {
        (self.input.is_empty() && self.output.is_empty()).then_some(self.stream)
    }

    /// Waits until something more is read. Losing the future loses nothing.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) async fn listen(&mut self) -> io::Result<()> {
        if self.input.len() >= READ_AHEAD {
            return std::future::pending().await;
        }
        self.read_more().await
    }

    async fn read_more(&mut self) -> io::Result<()> {
        self.input.reserve(4 << 10);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// A message without a kind, as they are before the start, from its length on. Losing the future loses nothing.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) async fn read_untyped(&mut self) -> Result<BytesMut, ReadError> {
        loop {
            if let Some(length) = declared(&self.input, 0, self.most).map_err(lost)?
                && self.input.len() >= length
            {
                return Ok(self.input.split_to(length));
            }
            self.read_more().await?;
        }
    }

    /// The next message. Losing the future loses nothing.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) async fn read(&mut self) -> Result<Message, ReadError> {
        loop {
            if let Some(&kind) = self.input.first() {
                if !KINDS.contains(&kind) {
                    return Err(lost(WireError::Kind(kind)));
                }
                if let Some(length) = declared(&self.input, 1, self.most).map_err(lost)?
                    && self.input.len() > length
                {
                    let message = self.input.split_to(length + 1);
                    return read(kind, message).map_err(|error| ReadError::Wrong { error, framed: true });
                }
            }
            self.read_more().await?;
        }
    }

    /// Sends all that is collected. Losing the future loses nothing.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.output.has_remaining() {
            if self.stream.write_buf(&mut self.output).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.stream.flush().await
    }

    /// Sends all, and that no more will come; whoever does not take it in time goes without it.
    pub(super) async fn close(&mut self) {
        let farewell = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            // Where something is still unread, the end of a connection takes with it what was sent last.
            let mut unread = [0; 4 << 10];
            while self.stream.read(&mut unread).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        // Whoever is gone already needs no farewell.
        let _ = tokio::time::timeout(FAREWELL_WITHIN, farewell).await;
    }
}

fn lost(error: WireError) -> ReadError {
    ReadError::Wrong { error, framed: false }
}

/// The length of a message from its length field on, once that is there.
fn declared(input: &BytesMut, at: usize, most: usize) -> Result<Option<usize>, WireError> {
    let Some(mut field) = input.get(at..at + 4) else { return Ok(None) };
    let length = i64::from(field.get_i32());
    match usize::try_from(length) {
        Ok(length) if (4..=most).contains(&length) => Ok(Some(length)),
        _ => Err(WireError::Length { length, most }),
    }
}

/// Reads a message that is there as a whole.
fn read(kind: u8, mut message: BytesMut) -> Result<Message, WireError> {
    let wrong = |why| WireError::Content(kind, why);
    sound::message(kind, &message[5..]).map_err(wrong)?;
    if kind == FUNCTION_CALL {
        return Ok(Message::FunctionCall);
    }
    let mut context = DecodeContext::default();
    (context.awaiting_frontend_ssl, context.awaiting_frontend_startup) = (false, false);
    match PgWireFrontendMessage::decode(&mut message, &context) {
        Ok(Some(message)) => Ok(Message::Known(message)),
        // All else that could be wrong was looked over.
        Ok(None) | Err(_) => Err(wrong("it is too long for its kind")),
    }
}

/// Adds a message: its kind, its length, and what `body` writes. For rows alone: pgwire's types for them hold each row once
/// more before it is written.
pub(super) fn put(out: &mut BytesMut, kind: u8, body: impl FnOnce(&mut BytesMut)) {
    out.put_u8(kind);
    put_sized(out, true, body);
}

/// Adds a length and what `body` writes; `counts_itself` says whether the length includes its own four bytes.
pub(super) fn put_sized(out: &mut BytesMut, counts_itself: bool, body: impl FnOnce(&mut BytesMut)) {
    let at = out.len();
    out.put_i32(0);
    body(out);
    let length = out.len() - at - if counts_itself { 0 } else { 4 };
    // Answers are sent in pieces far below what 31 bits can say; one value of more is no value of ours.
    let length = i32::try_from(length).unwrap_or(i32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests;
