//! How a connection begins: TLS, who it is, what it goes by.
//!
//! In: a connection that was accepted. Out: a session of somebody who was let in, until it ends; or a cancelled statement.
//! Guarantee: before the password is proved nothing is read that is longer than a few kilobytes, and it is over within
//! [`LOGIN_WITHIN`].

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Buf, BufMut, Bytes};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Face;
use super::client::ClientSettings;
use super::connection::Connection;
use super::message;
use super::refusal::{Refusal, Stop, state};
use super::scram::{self, Exchange};
use super::wire::{Message, ReadError, Wire, WireError};
use crate::access::{AFTER_WRONG_PASSWORD, Asker};
use crate::settings::Settings;

/// How long it may take until somebody is let in.
const LOGIN_WITHIN: Duration = Duration::from_secs(30);
/// Most bytes of a message before somebody is let in.
const STARTUP_BYTES: usize = 10_000;
/// Most requests for an encryption that is not there.
const MOST_REQUESTS: usize = 4;

const SSL_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;
const CANCEL_REQUEST: i32 = 80_877_102;
/// First byte of a TLS handshake.
const TLS_RECORD: u8 = 0x16;

/// What a connection says first.
#[derive(Debug, PartialEq, Eq)]
enum First {
    Encrypt,
    EncryptByGss,
    Cancel { process: i32, secret: i32 },
    Start { minor: i32, options: Vec<(String, String)> },
}

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, face: Arc<Face>) {
    // Rows are collected before they are sent, so waiting for more only delays.
    let _ = stream.set_nodelay(true);
    let begun = tokio::select! {
        biased;
        // Whoever is not let in yet has nothing under way that would be worth waiting for.
        () = face.shutdown.cancelled() => return,
        begun = tokio::time::timeout(LOGIN_WITHIN, begin(stream, &face)) => begun,
    };
    match begun {
        Ok(Ok(Some(Begun::Plain(connection)))) => connection.run().await,
        Ok(Ok(Some(Begun::Encrypted(connection)))) => connection.run().await,
        Ok(Ok(None) | Err(Stop::Gone)) => {}
        Ok(Err(Stop::Refused(refusal))) => tracing::info!(%refusal, "a connection was refused"),
        Err(_) => tracing::info!(within = ?LOGIN_WITHIN, "a connection did not log in in time"),
    }
}

enum Begun {
    Plain(Box<Connection<TcpStream>>),
    Encrypted(Box<Connection<tokio_rustls::server::TlsStream<TcpStream>>>),
}

async fn begin(stream: TcpStream, face: &Arc<Face>) -> Result<Option<Begun>, Stop> {
    let mut first_byte = [0];
    if stream.peek(&mut first_byte).await? == 1 && first_byte[0] == TLS_RECORD && face.tls.is_some() {
        return encrypted(stream, face).await;
    }
    let mut wire = Wire::new(stream, STARTUP_BYTES);
    for _ in 0..MOST_REQUESTS {
        match first(&mut wire).await? {
            First::Encrypt if face.tls.is_some() => {
                wire.output.put_u8(b'S');
                wire.flush().await?;
                // What came before the handshake was not encrypted, and is not believed.
                let stream = wire.into_stream().ok_or(Stop::Gone)?;
                return encrypted(stream, face).await;
            }
            First::Encrypt | First::EncryptByGss => {
                wire.output.put_u8(b'N');
                wire.flush().await?;
            }
            First::Cancel { process, secret } => {
                face.cancel(process, secret);
                return Ok(None);
            }
            First::Start { minor, options } => {
                let connection = start(wire, face, None, minor, &options).await?;
                return Ok(Some(Begun::Plain(Box::new(connection))));
            }
        }
    }
    Err(Stop::Gone)
}

async fn encrypted(stream: TcpStream, face: &Arc<Face>) -> Result<Option<Begun>, Stop> {
    let tls = face.tls.as_ref().ok_or(Stop::Gone)?;
    let mut wire = Wire::new(tls.acceptor.accept(stream).await?, STARTUP_BYTES);
    match first(&mut wire).await? {
        First::Cancel { process, secret } => {
            face.cancel(process, secret);
            // A client that is not told that the encrypted connection ends takes it for broken.
            wire.close().await;
            Ok(None)
        }
        First::Start { minor, options } => {
            let connection = start(wire, face, Some(tls.binding.as_deref()), minor, &options).await?;
            Ok(Some(Begun::Encrypted(Box::new(connection))))
        }
        First::Encrypt | First::EncryptByGss => Err(Stop::Gone),
    }
}

async fn first<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<First, Stop> {
    match wire.read_untyped().await {
        Ok(body) => match read_first(body) {
            Ok(first) => Ok(first),
            Err(refusal) => Err(refuse(wire, refusal).await),
        },
        Err(ReadError::Gone(_)) => Err(Stop::Gone),
        Err(ReadError::Wrong { error, .. }) => {
            Err(refuse(wire, Refusal::fatal(state::PROTOCOL, error.to_string())).await)
        }
    }
}

fn read_first(mut body: Bytes) -> Result<First, Refusal> {
    let wrong = |why: &'static str| Refusal::fatal(state::PROTOCOL, WireError::Content(b'0', why).to_string());
    if body.len() < 4 {
        return Err(wrong("it ends too early"));
    }
    let code = body.get_i32();
    match code {
        SSL_REQUEST => Ok(First::Encrypt),
        GSS_REQUEST => Ok(First::EncryptByGss),
        CANCEL_REQUEST if body.len() == 8 => Ok(First::Cancel { process: body.get_i32(), secret: body.get_i32() }),
        _ if code >> 16 == 3 => {
            let text = std::str::from_utf8(&body).map_err(|_| wrong("it is not UTF-8"))?;
            let fields: Vec<&str> = text.split('\0').collect();
            // Pairs, each part with its end, and an empty name behind them.
            let pairs = fields.strip_suffix(&["", ""]).ok_or_else(|| wrong("it has no end"))?;
            if pairs.len() % 2 != 0 {
                return Err(wrong("an option has no value"));
            }
            let options = pairs.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
            Ok(First::Start { minor: code & 0xffff, options })
        }
        _ => {
            Err(wrong("its protocol is not spoken here, which is 3.0").hint("use a client for PostgreSQL 7.4 or later"))
        }
    }
}

/// Tells a client why it ends here.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>, refusal: Refusal) -> Stop {
    message::error(&mut wire.output, &refusal);
    wire.close().await;
    refusal.into()
}

/// `binding` is `None` where nothing is encrypted, else what can be bound to.
async fn start<S: AsyncRead + AsyncWrite + Unpin + Send>(
    mut wire: Wire<S>,
    face: &Arc<Face>,
    binding: Option<Option<&[u8]>>,
    minor: i32,
    options: &[(String, String)],
) -> Result<Connection<S>, Stop> {
    let option = |name: &str| options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let unknown: Vec<String> =
        options.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with("_pq_.")).collect();
    if minor > 0 || !unknown.is_empty() {
        message::negotiate(&mut wire.output, &unknown);
    }
    let asker = match log_in(&mut wire, face, binding, option("user").unwrap_or_default()).await {
        Ok(asker) => asker.through("postgres"),
        Err(Stop::Refused(refusal)) => return Err(refuse(&mut wire, *refusal).await),
        Err(Stop::Gone) => return Err(Stop::Gone),
    };
    let session = match face.engine.session(&asker, &Settings::default()) {
        Ok(session) => session,
        Err(error) => return Err(refuse(&mut wire, Refusal::fatal(state::BAD_VALUE, error.to_string())).await),
    };
    let settings = Arc::new(ClientSettings::new(&asker.name));
    for (name, value) in options {
        // What a client sends by habit, such as the zone of its machine, is no reason to keep it out.
        let _ = settings.set(name, Some(value));
    }
    let session = Arc::new(super::catalogue::added(session, &settings));
    let signals = face.admit(Arc::clone(&session));
    wire.allow(face.most_bytes());
    let mut connection = Connection::new(wire, session, settings, signals, face);
    for (name, value) in option("options").map(switches).unwrap_or_default() {
        if let Err(Stop::Refused(refusal)) = connection.begin_with(&name, &value).await {
            let refusal = Refusal { fatal: true, ..*refusal };
            return Err(refuse(&mut connection.wire, refusal).await);
        }
    }
    connection.greet().await?;
    Ok(connection)
}

/// The settings in the option `options`: `-c name=value`, `--name=value`.
fn switches(options: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let words = options.replace("\\ ", "\u{a0}");
    for word in words.split([' ', '\t']).filter(|word| !word.is_empty() && *word != "-c") {
        let word = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).unwrap_or(word);
        if let Some((name, value)) = word.split_once('=') {
            found.push((name.replace('-', "_"), value.replace('\u{a0}', " ")));
        }
    }
    found
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    face: &Face,
    binding: Option<Option<&[u8]>>,
    name: &str,
) -> Result<Asker, Stop> {
    let users = face.engine.users();
    let encrypted = binding.is_some();
    if !encrypted && !face.on_loopback {
        return Err(Refusal::fatal(state::NOT_LET_IN, "this listener asks for TLS")
            .hint("connect with sslmode=require or stronger")
            .into());
    }
    if !users.any() {
        if !face.on_loopback {
            let refusal = Refusal::fatal(state::NOT_LET_IN, "there is no user, so nobody is let in from elsewhere");
            return Err(refusal.hint("add one with `lantoa user add`").into());
        }
        message::authentication(&mut wire.output, 0, &[]);
        return Ok(Asker::owner());
    }
    let binding = binding.flatten();
    let mut mechanisms = Vec::new();
    for mechanism in binding.map(|_| scram::BOUND).into_iter().chain([scram::PLAIN]) {
        mechanisms.put_slice(mechanism.as_bytes());
        mechanisms.put_u8(0);
    }
    mechanisms.put_u8(0);
    message::authentication(&mut wire.output, 10, &mechanisms);
    wire.flush().await?;
    let (mechanism, said) = initial(&password(wire).await?)?;
    let verifier = users.verifier(name).unwrap_or_else(|| scram::of_nobody(name, &face.secret));
    let refused = |error: scram::NotScram| Refusal::fatal(state::PROTOCOL, error.to_string());
    let (exchange, answer) =
        Exchange::begin(&mechanism, &said, binding, verifier, &nonce(&face.random)?).map_err(refused)?;
    message::authentication(&mut wire.output, 11, answer.as_bytes());
    wire.flush().await?;
    let proven = exchange.finish(&password(wire).await?).map_err(refused)?;
    let (Some(proof), Some(asker)) = (proven, users.asker(name)) else {
        tracing::warn!(user = name, "a login failed");
        tokio::time::sleep(AFTER_WRONG_PASSWORD).await;
        return Err(
            Refusal::fatal(state::WRONG_PASSWORD, format!("the password of user \"{name}\" is not right")).into()
        );
    };
    message::authentication(&mut wire.output, 12, proof.as_bytes());
    message::authentication(&mut wire.output, 0, &[]);
    Ok(asker)
}

async fn password<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<Bytes, Stop> {
    match wire.read().await {
        Ok(Message::Password(said)) => Ok(said),
        Ok(Message::Terminate) | Err(ReadError::Gone(_)) => Err(Stop::Gone),
        Ok(_) => Err(Refusal::fatal(state::PROTOCOL, "the login is not finished").into()),
        Err(ReadError::Wrong { error, .. }) => Err(Refusal::fatal(state::PROTOCOL, error.to_string()).into()),
    }
}

/// The mechanism that a client takes, and what it says by it.
fn initial(said: &Bytes) -> Result<(String, Bytes), Refusal> {
    let wrong = || Refusal::fatal(state::PROTOCOL, "the login does not begin as SASL does");
    let end = said.iter().position(|byte| *byte == 0).ok_or_else(wrong)?;
    let mechanism = std::str::from_utf8(&said[..end]).map_err(|_| wrong())?.to_owned();
    let mut rest = said.slice(end + 1..);
    if rest.len() < 4 {
        return Err(wrong());
    }
    let length = rest.get_i32();
    if usize::try_from(length) != Ok(rest.len()) {
        return Err(wrong());
    }
    Ok((mechanism, rest))
}

fn nonce(random: &SystemRandom) -> Result<String, Refusal> {
    let mut bytes = [0; 18];
    let none = |_| Refusal::fatal(state::INTERNAL, "the system gives no random bytes");
    random.fill(&mut bytes).map_err(none)?;
    Ok(STANDARD_NO_PAD.encode(bytes))
}

/// Random numbers for a connection's own.
pub(super) fn number(random: &SystemRandom) -> i32 {
    let mut bytes = [0; 4];
    // Where there are none the number can be guessed, and a statement be cancelled: no reason to answer nobody.
    let _ = random.fill(&mut bytes);
    i32::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_says_first_what_it_wants() {
        let of = |code: i32, rest: &[u8]| read_first([&code.to_be_bytes(), rest].concat().into());
        assert_eq!(of(SSL_REQUEST, b""), Ok(First::Encrypt));
        assert_eq!(of(CANCEL_REQUEST, &[0, 0, 0, 1, 0, 0, 0, 2]), Ok(First::Cancel { process: 1, secret: 2 }));
        let options = vec![("user".to_owned(), "an".to_owned())];
        assert_eq!(of(3 << 16, b"user\0an\0\0"), Ok(First::Start { minor: 0, options }));
        assert_eq!(of(3 << 16 | 2, b"\0"), Ok(First::Start { minor: 2, options: Vec::new() }));
        for (code, rest) in [
            (2 << 16, b"user\0an\0\0".as_slice()),
            (3 << 16, b"user\0an"),
            (3 << 16, b"user\0\0"),
            (3 << 16, b"\xff\0\0"),
        ] {
            assert!(of(code, rest).is_err_and(|refusal| refusal.fatal), "{code} {rest:?}");
        }
        assert!(of(CANCEL_REQUEST, b"").is_err());
        assert!(read_first(Bytes::from_static(b"ab")).is_err());
    }

    #[test]
    fn options_are_settings() {
        let given = switches("-c lantoa.map=2025-07-01 --statement-timeout=5s -cdatestyle=ISO,\\ MDY");
        let expected = [("lantoa.map", "2025-07-01"), ("statement_timeout", "5s"), ("datestyle", "ISO, MDY")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(given, expected);
    }
}
