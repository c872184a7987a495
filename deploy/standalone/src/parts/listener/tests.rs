use std::path::{Path, PathBuf};

use axum::routing::get;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::*;
use crate::config::http::HttpTable;

/// How long anything here may take.
const DEADLINE: Duration = Duration::from_secs(30);

const CLOSING: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const STAYING: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A listener that serves until the test ends.
struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    /// Told by `/slow` when it is asked.
    asked: Arc<Notify>,
    /// What `/slow` waits for.
    go: Arc<Notify>,
}

async fn broken() -> &'static str {
    panic!("on purpose")
}

async fn from(ConnectInfo(peer): ConnectInfo<SocketAddr>) -> String {
    peer.to_string()
}

async fn served(manner: Manner) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, asked, go) = (CancellationToken::new(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tells, waits) = (Arc::clone(&asked), Arc::clone(&go));
    let slow = move || {
        let (tells, waits) = (Arc::clone(&tells), Arc::clone(&waits));
        async move {
            tells.notify_one();
            waits.notified().await;
            "late"
        }
    };
    let router = Router::new()
        .route("/", get(|| async { "well" }))
        .route("/broken", get(broken))
        .route("/from", get(from))
        .route("/slow", get(slow));
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, router, manner, stop.clone()));
    Served { address, stop, tasks, asked, go }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The answer to a request of a connection of its own, up to the connection's end.
    async fn ask(&self, request: &str) -> String {
        asked(&mut self.connect().await, request).await
    }

    async fn ended(mut self) {
        tokio::time::timeout(DEADLINE, self.tasks.join_next()).await.unwrap().unwrap().unwrap();
    }
}

/// Sends a request, and reads until the connection ends, however it does.
async fn asked(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> String {
    let mut answer = Vec::new();
    let _ = stream.write_all(request.as_bytes()).await;
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request and reads until the word comes; the connection stays as it is.
async fn hears(stream: &mut TcpStream, request: &str, word: &str) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&answer).contains(word) {
        let read = tokio::time::timeout(DEADLINE, stream.read(&mut part)).await.unwrap().unwrap();
        assert!(read > 0, "it ended with {}", String::from_utf8_lossy(&answer));
        answer.extend(&part[..read]);
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/listener").join(name)
}

fn plain() -> Manner {
    HttpTable::default().local()
}

fn encrypted() -> Manner {
    let (tls_certificate, tls_key) = (Some(file("certificate.pem")), Some(file("key.pem")));
    let table = HttpTable { tls_certificate, tls_key, ..HttpTable::default() };
    table.of_intake("--intake", "127.0.0.1:0".parse().unwrap(), false).unwrap()
}

async fn greeted(stream: TcpStream) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("certificate.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn requests_are_answered_and_a_panic_ends_its_own_connection_alone() {
    let served = served(plain()).await;
    let mut stays = served.connect().await;
    hears(&mut stays, STAYING, "well").await;
    let panicked = served.ask(&CLOSING.replace("GET /", "GET /broken")).await;
    assert!(!panicked.contains("200"), "{panicked}");
    hears(&mut stays, STAYING, "well").await;
    let answer = served.ask(CLOSING).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("well"), "{answer}");
}

#[tokio::test]
async fn a_handler_sees_where_each_request_of_a_connection_comes_from() {
    let served_plain = served(plain()).await;
    let mut stream = served_plain.connect().await;
    let own = format!("\r\n\r\n{}", stream.local_addr().unwrap());
    hears(&mut stream, &STAYING.replace("GET /", "GET /from"), &own).await;
    let request = CLOSING.replace("GET /", "GET /from");
    let answer = asked(&mut stream, &request).await;
    assert!(answer.ends_with(&own), "{own}: {answer}");

    let served_encrypted = served(encrypted()).await;
    let stream = served_encrypted.connect().await;
    let own = format!("\r\n\r\n{}", stream.local_addr().unwrap());
    let answer = asked(&mut greeted(stream).await, &request).await;
    assert!(answer.ends_with(&own), "{own}: {answer}");
}

#[tokio::test]
async fn who_does_not_say_what_is_asked_is_cut_off() {
    let served = served(Manner { header_timeout: Duration::from_millis(100), ..plain() }).await;
    for part in ["", "GET / HTTP/1.1\r\nhost: loc"] {
        assert_eq!(served.ask(part).await, "", "{part:?}");
    }
    let mut idle = served.connect().await;
    hears(&mut idle, STAYING, "well").await;
    assert_eq!(asked(&mut idle, "").await, "", "a connection is not idle for ever");
    assert!(served.ask(CLOSING).await.ends_with("well"));
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let served = served(Manner { connections: 1, ..plain() }).await;
    let mut only = served.connect().await;
    hears(&mut only, STAYING, "well").await;
    let answer = served.ask(CLOSING).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 5"), "{answer}");
    assert!(answer.ends_with("try later\n"), "{answer}");
    hears(&mut only, STAYING, "well").await;
    drop(only);
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !served.ask(CLOSING).await.ends_with("well") {
        assert!(tokio::time::Instant::now() < deadline, "its place is not given on");
    }
}

#[tokio::test]
async fn with_a_certificate_only_tls_is_spoken() {
    let served = served(encrypted()).await;
    // Who says nothing holds up nobody.
    let _silent = served.connect().await;
    let mut stream = greeted(served.connect().await).await;
    assert!(asked(&mut stream, CLOSING).await.ends_with("well"));
    let answer = served.ask(CLOSING).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    let mut stream = greeted(served.connect().await).await;
    assert!(asked(&mut stream, CLOSING).await.ends_with("well"));
}

#[tokio::test]
async fn a_stop_waits_for_answers_under_way_and_for_nothing_else() {
    for manner in [plain(), encrypted()] {
        let is_plain = manner.tls.is_none();
        let served = served(manner).await;
        let (silent, mut idle) = (served.connect().await, served.connect().await);
        if is_plain {
            hears(&mut idle, STAYING, "well").await;
        }
        let request = CLOSING.replace("GET /", "GET /slow");
        let (asks, stream) = (Arc::clone(&served.asked), served.connect().await);
        let mut under_way = JoinSet::new();
        under_way.spawn(async move {
            if is_plain {
                let mut stream = stream;
                asked(&mut stream, &request).await
            } else {
                asked(&mut greeted(stream).await, &request).await
            }
        });
        asks.notified().await;
        served.stop.cancel();
        served.go.notify_one();
        let answer = under_way.join_next().await.unwrap().unwrap();
        assert!(answer.ends_with("late"), "{answer}");
        let address = served.address;
        served.ended().await;
        assert!(TcpStream::connect(address).await.is_err());
        drop((silent, idle));
    }
}

#[tokio::test]
async fn a_write_that_nobody_reads_fails_and_one_that_is_read_slowly_does_not() {
    let within = Duration::from_millis(300);
    let (near, _far) = tokio::io::duplex(16);
    let written = Patient::new(near, Some(within)).write_all(&[0; 64]).await;
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    let (near, mut far) = tokio::io::duplex(16);
    let mut near = Patient::new(near, Some(within));
    let read = async {
        let mut part = [0; 16];
        for _ in 0..8 {
            tokio::time::sleep(within / 4).await;
            far.read_exact(&mut part).await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(near.write_all(&[0; 128]), read);
    written.unwrap();
    let (near, mut far) = tokio::io::duplex(16);
    let mut near = Patient::new(near, None);
    let read = async {
        tokio::time::sleep(within * 2).await;
        far.read_exact(&mut [0; 64]).await.unwrap();
    };
    let (written, _) = tokio::join!(near.write_all(&[0; 64]), read);
    written.unwrap();
}
