//! Messages of Postgres' protocol 3 on a connection.
//!
//! In: bytes. Out: [`Message`]s, read as a whole, and bytes of answers. Guarantee: no message is longer than what the
//! reader allows, nothing is believed of a length or a count before the bytes are there, and what is not sent yet is
//! bounded by whoever writes calling [`Wire::flush`].

use std::io;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Most bytes that are read ahead while an answer is under way.
const READ_AHEAD: usize = 64 << 10;
/// How long a client that is sent away may take to hear so.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of answers that are collected before they are sent.
pub(super) const SEND_AT: usize = 32 << 10;

/// What a client says once it is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    Query(String),
    Parse {
        name: String,
        text: String,
        types: Vec<u32>,
    },
    Bind(Bind),
    Describe(Target),
    Execute {
        portal: String,
        most: u32,
    },
    Close(Target),
    Flush,
    Sync,
    Terminate,
    /// Of a password or of SASL: what it means depends on what was asked.
    Password(Bytes),
    /// CopyData, CopyDone, CopyFail, which mean nothing where nothing can be copied in.
    Copy,
    /// A function that is called by its number, which drivers did before there was SQL for it.
    FunctionCall,
}

/// A statement or a portal, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Statement(String),
    Portal(String),
}

/// Values for a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    /// Whether values come in binary: none, one for all, or one each.
    pub(super) binary_values: Vec<bool>,
    pub(super) values: Vec<Option<Bytes>>,
    /// Whether columns are wanted in binary: none, one for all, or one each.
    pub(super) binary_columns: Vec<bool>,
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

    /// The body of a message without a kind, as they are before the start. Losing the future loses nothing.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) async fn read_untyped(&mut self) -> Result<Bytes, ReadError> {
        loop {
            if let Some(length) = declared(&self.input, 0, self.most).map_err(lost)?
                && self.input.len() >= length
            {
                let mut message = self.input.split_to(length);
                message.advance(4);
                return Ok(message.freeze());
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
                if !b"QPBDECHSXFpdcf".contains(&kind) {
                    return Err(lost(WireError::Kind(kind)));
                }
                if let Some(length) = declared(&self.input, 1, self.most).map_err(lost)?
                    && self.input.len() > length
                {
                    let mut message = self.input.split_to(length + 1);
                    message.advance(5);
                    return parse(kind, message.freeze()).map_err(|error| ReadError::Wrong { error, framed: true });
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

fn parse(kind: u8, body: Bytes) -> Result<Message, WireError> {
    let mut fields = Fields { kind, body };
    let message = match kind {
        b'Q' => Message::Query(fields.text()?),
        b'P' => Message::Parse { name: fields.text()?, text: fields.text()?, types: fields.list(Fields::oid)? },
        b'B' => Message::Bind(Bind {
            portal: fields.text()?,
            statement: fields.text()?,
            binary_values: fields.list(Fields::is_binary)?,
            values: fields.list(Fields::value)?,
            binary_columns: fields.list(Fields::is_binary)?,
        }),
        b'D' => Message::Describe(fields.target()?),
        b'C' => Message::Close(fields.target()?),
        b'E' => Message::Execute { portal: fields.text()?, most: u32::try_from(fields.number()?).unwrap_or(0) },
        b'H' => Message::Flush,
        b'S' => Message::Sync,
        b'X' => Message::Terminate,
        b'p' => return Ok(Message::Password(fields.body)),
        b'F' => return Ok(Message::FunctionCall),
        _ => return Ok(Message::Copy),
    };
    if fields.body.is_empty() { Ok(message) } else { Err(fields.wrong("it goes on after its end")) }
}

/// What is left of a message's body.
struct Fields {
    kind: u8,
    body: Bytes,
}

impl Fields {
    fn wrong(&self, why: &'static str) -> WireError {
        WireError::Content(self.kind, why)
    }

    fn text(&mut self) -> Result<String, WireError> {
        let end = self.body.iter().position(|byte| *byte == 0).ok_or_else(|| self.wrong("a text has no end"))?;
        let text = self.body.split_to(end);
        self.body.advance(1);
        String::from_utf8(text.to_vec()).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    fn short(&mut self) -> Result<i16, WireError> {
        if self.body.len() < 2 {
            return Err(self.wrong("it ends too early"));
        }
        Ok(self.body.get_i16())
    }

    fn number(&mut self) -> Result<i32, WireError> {
        if self.body.len() < 4 {
            return Err(self.wrong("it ends too early"));
        }
        Ok(self.body.get_i32())
    }

    fn oid(&mut self) -> Result<u32, WireError> {
        Ok(self.number()?.cast_unsigned())
    }

    fn is_binary(&mut self) -> Result<bool, WireError> {
        match self.short()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong("a format is neither text (0) nor binary (1)")),
        }
    }

    fn value(&mut self) -> Result<Option<Bytes>, WireError> {
        match self.number()? {
            -1 => Ok(None),
            length => match usize::try_from(length) {
                Ok(length) if length <= self.body.len() => Ok(Some(self.body.split_to(length))),
                _ => Err(self.wrong("a value is longer than the message")),
            },
        }
    }

    /// Entries with their count in front. Each takes bytes of its own, so that a count alone allocates nothing.
    fn list<T>(&mut self, entry: fn(&mut Self) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
        let count = self.short()?.cast_unsigned();
        (0..count).map(|_| entry(self)).collect()
    }

    fn target(&mut self) -> Result<Target, WireError> {
        if self.body.is_empty() {
            return Err(self.wrong("it ends too early"));
        }
        match self.body.get_u8() {
            b'S' => Ok(Target::Statement(self.text()?)),
            b'P' => Ok(Target::Portal(self.text()?)),
            _ => Err(self.wrong("it names neither a statement (S) nor a portal (P)")),
        }
    }
}

/// Adds a message: its kind, its length, and what `body` writes.
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

/// Adds a text with its end. A NUL would end it early.
pub(super) fn put_text(out: &mut BytesMut, text: &str) {
    match text.contains('\0') {
        true => out.put_slice(text.replace('\0', "").as_bytes()),
        false => out.put_slice(text.as_bytes()),
    }
    out.put_u8(0);
}

#[cfg(test)]
mod tests;
