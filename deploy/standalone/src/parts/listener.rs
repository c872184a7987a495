//! An HTTP listener: connections in, each served by one task.
//!
//! In: an address that is listened on, routes, and how connections are taken. Out: answers over HTTP/1.1, in TLS where
//! there is a certificate; handlers see the address that a request comes from ([`ConnectInfo`]). Guarantee: no connection
//! ends or holds up another. There are never more than the settings say: one more is told so and closed. Who does not say
//! in time what is asked, does not greet or does not read is cut off. After the stop nobody new is let in, and answers
//! under way have [`ANSWERS_WITHIN`].

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod patient;

use patient::Patient;

/// How long answers under way may take once the listener is told to stop; then they break.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How long a client may take to agree on how to speak in secret.
const GREETED_WITHIN: Duration = Duration::from_secs(10);

/// After a connection could not be accepted, mostly because there are no more file handles: some may be free then.
const PAUSE: Duration = Duration::from_millis(100);

/// Most bytes of a request's head, and of what is held of a connection's body.
const MOST_BUFFERED: usize = 128 << 10;

/// What one connection too many is told.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 42\r\n\r\nthere are too many connections; try later\n";

/// How many are told so at once; of one more the connection is closed without a word.
const TOLD_AT_ONCE: usize = 64;

/// How long they are listened to, so that the word arrives before the end.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// How connections are taken.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Most connections at once.
    pub connections: usize,
    /// How long a request's head may take, counted from the end of the answer before it: how long a connection may be
    /// idle, too.
    pub header_timeout: Duration,
    /// How long a client may take no byte of an answer; for ever where it is left out.
    pub write_timeout: Option<Duration>,
    /// Certificate and key; without them nothing is encrypted.
    pub tls: Option<Arc<ServerConfig>>,
}

/// What all connections share.
struct Server {
    router: Router,
    http: http1::Builder,
    tls: Option<TlsAcceptor>,
    write_timeout: Option<Duration>,
    stop: CancellationToken,
    /// Answers under way are broken off.
    broken: CancellationToken,
}

/// Serves until the stop, and then the answers under way. Whatever ends it ends all its connections.
pub(super) async fn serve(listener: TcpListener, router: Router, manner: Manner, stop: CancellationToken) {
    let broken = CancellationToken::new();
    let _broken_at_last = broken.clone().drop_guard();
    let connections = TaskTracker::new();
    let server = Server::new(router, &manner, stop.clone(), broken.clone());
    accept(listener, manner.connections, Arc::new(server), &connections).await;
    connections.close();
    if tokio::time::timeout(ANSWERS_WITHIN, connections.wait()).await.is_err() {
        tracing::warn!(within = ?ANSWERS_WITHIN, "answers were still under way, breaking them off");
        broken.cancel();
        connections.wait().await;
    }
}

/// Lets connections in until the stop.
async fn accept(listener: TcpListener, most: usize, server: Arc<Server>, connections: &TaskTracker) {
    let room = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let told = Arc::new(Semaphore::new(TOLD_AT_ONCE));
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
            let server = Arc::clone(&server);
            connections.spawn(async move {
                server.connection(stream, peer).await;
                drop(place);
            });
        } else if server.tls.is_none()
            && let Ok(place) = Arc::clone(&told).try_acquire_owned()
        {
            // In TLS the word would cost a greeting.
            connections.spawn(async move {
                let _ = tokio::time::timeout(TOLD_WITHIN, tell(stream)).await;
                drop(place);
            });
        }
    }
}

/// Says that there are too many. What was sent is read, because a connection that is closed over unread bytes takes the word
/// back.
async fn tell(mut stream: TcpStream) {
    let mut unread = [0; 4096];
    if stream.write_all(BUSY).await.is_ok() && stream.shutdown().await.is_ok() {
        while stream.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {}
    }
}

impl Server {
    fn new(router: Router, manner: &Manner, stop: CancellationToken, broken: CancellationToken) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(manner.header_timeout).max_buf_size(MOST_BUFFERED);
        let tls = manner.tls.clone().map(TlsAcceptor::from);
        Self { router, http, tls, write_timeout: manner.write_timeout, stop, broken }
    }

    /// Serves a connection of that address to its end.
    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting for more to send with them only delays them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.answer(stream, peer).await };
        let greeted = tokio::select! {
            () = self.stop.cancelled() => return,
            greeted = tokio::time::timeout(GREETED_WITHIN, tls.accept(stream)) => greeted,
        };
        match greeted {
            Ok(Ok(stream)) => self.answer(stream, peer).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on TLS"),
            Err(_) => tracing::debug!(within = ?GREETED_WITHIN, "a client did not agree on TLS in time"),
        }
    }

    /// Answers one request after the other. After the stop it ends with the answer under way.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, peer: SocketAddr) {
        let stream = TokioIo::new(Patient::new(stream, self.write_timeout));
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.call(request)
        });
        let mut connection = pin!(self.http.serve_connection(stream, service));
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection did not end well");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.broken.cancelled() => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;
