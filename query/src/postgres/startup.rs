//! How a connection begins: TLS, who it is, what it goes by.
//!
//! In: a connection that was accepted. Out: a session of somebody who was let in, until it ends; or a cancelled statement.
//! Guarantee: before the password is proved nothing is read that is longer than a few kilobytes, and it is over within
//! [`LOGIN_WITHIN`].

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Bytes, BytesMut};
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::SslResponse;
use pgwire::messages::startup::{
    Authentication, GssEncRequest, NegotiateProtocolVersion, PasswordMessageFamily, SslRequest, Startup,
};
use pgwire::messages::{DecodeContext, Message as _, PgWireFrontendMessage as Said, ProtocolVersion};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Face;
use super::client::ClientSettings;
use super::connection::Connection;
use super::message::{self, say};
use super::refusal::{Refusal, Stop, state};
use super::scram::{self, Exchange};
use super::sound;
use super::wire::{Message, ReadError, Wire, WireError};
use crate::access::{AFTER_WRONG_PASSWORD, Asker};
use crate::settings::Settings;

/// How long it may take until somebody is let in.
const LOGIN_WITHIN: Duration = Duration::from_secs(30);
/// Most bytes of a message before somebody is let in.
const STARTUP_BYTES: usize = 10_000;
/// Most requests for an encryption that is not there.
const MOST_REQUESTS: usize = 4;

/// First byte of a TLS handshake.
const TLS_RECORD: u8 = 0x16;

/// What a connection says first.
#[derive(Debug, PartialEq, Eq)]
enum First {
    Encrypt,
    EncryptByGss,
    Cancel { process: i32, secret: i32 },
    Start(Startup),
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
                say(&mut wire.output, &SslResponse::Accept);
                wire.flush().await?;
                // What came before the handshake was not encrypted, and is not believed.
                let stream = wire.into_stream().ok_or(Stop::Gone)?;
                return encrypted(stream, face).await;
            }
            First::Encrypt | First::EncryptByGss => {
                say(&mut wire.output, &SslResponse::Refuse);
                wire.flush().await?;
            }
            First::Cancel { process, secret } => {
                face.cancel(process, secret);
                return Ok(None);
            }
            First::Start(startup) => {
                let connection = start(wire, face, None, &startup).await?;
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
        First::Start(startup) => {
            let connection = start(wire, face, Some(tls.binding.as_deref()), &startup).await?;
            Ok(Some(Begun::Encrypted(Box::new(connection))))
        }
        First::Encrypt | First::EncryptByGss => Err(Stop::Gone),
    }
}

async fn first<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<First, Stop> {
    match wire.read_untyped().await {
        Ok(message) => match read_first(message) {
            Ok(first) => Ok(first),
            Err(refusal) => Err(refuse(wire, refusal).await),
        },
        Err(ReadError::Gone(_)) => Err(Stop::Gone),
        Err(ReadError::Wrong { error, .. }) => {
            Err(refuse(wire, Refusal::fatal(state::PROTOCOL, error.to_string())).await)
        }
    }
}

fn read_first(mut message: BytesMut) -> Result<First, Refusal> {
    let wrong = |why: &'static str| Refusal::fatal(state::PROTOCOL, WireError::Content(b'0', why).to_string());
    let context = DecodeContext::default();
    if SslRequest::is_ssl_request_packet(&message) {
        return Ok(First::Encrypt);
    }
    if GssEncRequest::is_gss_enc_request_packet(&message) {
        return Ok(First::EncryptByGss);
    }
    if CancelRequest::is_cancel_request_packet(&message) {
        let request = CancelRequest::decode(&mut message, &context).ok().flatten();
        let of = |request: CancelRequest| Some((request.pid, request.secret_key.as_i32()?));
        let (process, secret) = request.and_then(of).ok_or_else(|| wrong("its secret has not four bytes"))?;
        return Ok(First::Cancel { process, secret });
    }
    // What comes behind the length and the version.
    let options = sound::options(message.get(8..).ok_or_else(|| wrong("it ends too early"))?);
    let Ok(Some(startup)) = Startup::decode(&mut message, &context) else {
        let refusal = wrong("its protocol is not spoken here, which is 3.0");
        return Err(refusal.hint("use a client for PostgreSQL 7.4 or later"));
    };
    options.map_err(wrong)?;
    Ok(First::Start(startup))
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
    startup: &Startup,
) -> Result<Connection<S>, Stop> {
    let options = &startup.parameters;
    let option = |name: &str| options.get(name).map(String::as_str);
    let unknown: Vec<String> = options.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if startup.protocol_number_minor > 0 || !unknown.is_empty() {
        let spoken = ProtocolVersion::PROTOCOL3_0.into();
        say(&mut wire.output, &NegotiateProtocolVersion::new(spoken, unknown));
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
        say(&mut wire.output, &Authentication::Ok);
        return Ok(Asker::owner());
    }
    let binding = binding.flatten();
    let mechanisms = binding.map(|_| scram::BOUND).into_iter().chain([scram::PLAIN]).map(str::to_owned);
    say(&mut wire.output, &Authentication::SASL(mechanisms.collect()));
    wire.flush().await?;
    let (mechanism, said) = initial(password(wire).await?)?;
    let verifier = users.verifier(name).unwrap_or_else(|| scram::of_nobody(name, &face.secret));
    let refused = |error: scram::NotScram| Refusal::fatal(state::PROTOCOL, error.to_string());
    let (exchange, answer) =
        Exchange::begin(&mechanism, &said, binding, verifier, &nonce(&face.random)?).map_err(refused)?;
    say(&mut wire.output, &Authentication::SASLContinue(answer.into()));
    wire.flush().await?;
    let last = password(wire).await?.into_sasl_response().map_err(|_| not_sasl())?;
    let proven = exchange.finish(&last.data).map_err(refused)?;
    let (Some(proof), Some(asker)) = (proven, users.asker(name)) else {
        tracing::warn!(user = name, "a login failed");
        tokio::time::sleep(AFTER_WRONG_PASSWORD).await;
        return Err(
            Refusal::fatal(state::WRONG_PASSWORD, format!("the password of user \"{name}\" is not right")).into()
        );
    };
    say(&mut wire.output, &Authentication::SASLFinal(proof.into()));
    say(&mut wire.output, &Authentication::Ok);
    Ok(asker)
}

async fn password<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<PasswordMessageFamily, Stop> {
    match wire.read().await {
        Ok(Message::Known(Said::PasswordMessageFamily(said))) => Ok(said),
        Ok(Message::Known(Said::Terminate(_))) | Err(ReadError::Gone(_)) => Err(Stop::Gone),
        Ok(_) => Err(Refusal::fatal(state::PROTOCOL, "the login is not finished").into()),
        Err(ReadError::Wrong { error, .. }) => Err(Refusal::fatal(state::PROTOCOL, error.to_string()).into()),
    }
}

/// The mechanism that a client takes, and what it says by it.
fn initial(said: PasswordMessageFamily) -> Result<(String, Bytes), Refusal> {
    if let PasswordMessageFamily::Raw(body) = &said {
        sound::sasl(body).map_err(|_| not_sasl())?;
    }
    let said = said.into_sasl_initial_response().map_err(|_| not_sasl())?;
    Ok((said.auth_method, said.data.ok_or_else(not_sasl)?))
}

fn not_sasl() -> Refusal {
    Refusal::fatal(state::PROTOCOL, "the login does not begin as SASL does")
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
        let of = |code: i32, rest: &[u8]| {
            let length = (rest.len() as u32 + 8).to_be_bytes();
            read_first(BytesMut::from([length.as_slice(), &code.to_be_bytes(), rest].concat().as_slice()))
        };
        let starting = |minor: u16, options: &[(&str, &str)]| {
            let mut startup = Startup::new();
            startup.protocol_number_minor = minor;
            startup.parameters = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Ok(First::Start(startup))
        };
        let cancel = 80_877_102;
        assert_eq!(of(SslRequest::BODY_MAGIC_NUMBER, b""), Ok(First::Encrypt));
        assert_eq!(of(GssEncRequest::BODY_MAGIC_NUMBER, b""), Ok(First::EncryptByGss));
        assert_eq!(of(cancel, &[0, 0, 0, 1, 0, 0, 0, 2]), Ok(First::Cancel { process: 1, secret: 2 }));
        assert_eq!(of(3 << 16, b"user\0an\0\0"), starting(0, &[("user", "an")]));
        assert_eq!(of(3 << 16 | 2, b"\0"), starting(2, &[]));
        for (code, rest) in [
            (2 << 16, b"user\0an\0\0".as_slice()),
            (3 << 16, b"user\0an"),
            (3 << 16, b"user\0\0"),
            (3 << 16, b"\xff\0\0"),
            (3 << 16, b""),
            (cancel, b""),
            // A secret that begins as one of four bytes does.
            (cancel, &[0, 0, 0, 1, 0, 0, 0, 2, 0]),
        ] {
            assert!(of(code, rest).is_err_and(|refusal| refusal.fatal), "{code} {rest:?}");
        }
        assert!(read_first(BytesMut::from(b"\0\0\0\x06ab".as_slice())).is_err());
    }

    #[test]
    fn a_login_begins_with_a_mechanism_and_what_is_said_by_it() {
        let of = |body: &[u8]| initial(PasswordMessageFamily::Raw(body.into())).ok();
        assert_eq!(of(b"X\0\0\0\0\x02n,"), Some(("X".to_owned(), Bytes::from_static(b"n,"))));
        for wrong in [
            b"".as_slice(),
            b"X",
            b"X\0",
            b"X\0\0\0\0\x03n,",
            b"X\0\xff\xff\xff\xff",
            b"X\0\x80\0\0\0",
            b"\xff\0\0\0\0\0",
        ] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn options_are_settings() {
        let given = switches("-c lantoa.map=2025-07-01 --statement-timeout=5s -cdatestyle=ISO,\\ MDY");
        let expected = [("lantoa.map", "2025-07-01"), ("statement_timeout", "5s"), ("datestyle", "ISO, MDY")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(given, expected);
    }
}
