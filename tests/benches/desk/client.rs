//! A client of the Postgres face that knows simple questions and how to cancel one.
//!
//! In: an address without users, SQL. Out: what was heard and when. It counts rows and does not read them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::role::MAP;

/// Longer than any answer here may take.
const WITHIN: Duration = Duration::from_secs(120);

/// Version 3.0 of the protocol.
const PROTOCOL: u32 = 196_608;
const CANCEL_REQUEST: u32 = 80_877_102;

/// A connection.
pub struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    /// Process and secret, by which its statement is cancelled.
    key: Vec<u8>,
    body: Vec<u8>,
}

/// What was heard of one question.
#[derive(Debug, Default)]
pub struct Heard {
    pub rows: u64,
    /// From asking to the first row.
    pub first: Option<Duration>,
    /// From asking to the word that the next question is awaited.
    pub took: Duration,
    pub refused: Option<Refused>,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Refused {
    /// SQLSTATE.
    pub state: String,
    pub message: String,
}

impl Client {
    /// Connects, and stands on the map from then on.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { address, stream: BufReader::new(stream), key: Vec::new(), body: Vec::new() };
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        body.extend(b"user\0desk\0\0");
        client.stream.write_all(&framed(&body)).await?;
        let greeted = client.hear(Instant::now()).await?;
        ensure!(greeted.refused.is_none() && !client.key.is_empty(), "not let in: {:?}", greeted.refused);
        let set = client.ask(&format!("SET lantoa.map = '{MAP}'")).await?;
        ensure!(set.refused.is_none(), "the map cannot be set: {:?}", set.refused);
        Ok(client)
    }

    /// Asks and hears.
    pub async fn ask(&mut self, question: &str) -> Result<Heard> {
        let begun = Instant::now();
        self.send(question).await?;
        self.hear(begun).await
    }

    /// Asks without waiting for an answer.
    pub async fn send(&mut self, question: &str) -> Result<()> {
        let mut message = vec![b'Q'];
        message.extend(framed(&[question.as_bytes(), b"\0"].concat()));
        Ok(self.stream.write_all(&message).await?)
    }

    /// Has the question that is under way cancelled, over a connection of its own as clients do.
    pub async fn cancel(&self) -> Result<()> {
        let mut body = CANCEL_REQUEST.to_be_bytes().to_vec();
        body.extend(&self.key);
        Ok(TcpStream::connect(self.address).await?.write_all(&framed(&body)).await?)
    }

    /// Hears up to the word that the next question is awaited; `begun` is when the question was asked.
    pub async fn hear(&mut self, begun: Instant) -> Result<Heard> {
        timeout(WITHIN, self.heard(begun)).await.context("no answer in time")?
    }

    async fn heard(&mut self, begun: Instant) -> Result<Heard> {
        let mut heard = Heard::default();
        loop {
            let kind = self.stream.read_u8().await?;
            let length = self.stream.read_u32().await?.checked_sub(4).context("a message without its length")?;
            self.body.resize(length as usize, 0);
            self.stream.read_exact(&mut self.body).await?;
            match kind {
                b'D' => {
                    heard.rows += 1;
                    heard.first.get_or_insert_with(|| begun.elapsed());
                }
                b'E' => heard.refused = Some(Refused::of(&self.body)),
                b'K' => self.key.clone_from(&self.body),
                b'Z' => {
                    heard.took = begun.elapsed();
                    return Ok(heard);
                }
                _ => {}
            }
        }
    }
}

impl Refused {
    fn of(body: &[u8]) -> Self {
        let field = |name: u8| {
            let found = body.split(|byte| *byte == 0).find(|field| field.first() == Some(&name));
            found.map(|field| String::from_utf8_lossy(&field[1..]).into_owned()).unwrap_or_default()
        };
        Self { state: field(b'C'), message: field(b'M') }
    }
}

/// A message behind its length, which counts itself.
fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a question is short");
    [length.to_be_bytes().as_slice(), body].concat()
}
