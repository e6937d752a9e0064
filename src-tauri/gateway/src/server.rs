//! The listener: loopback only, few connections, short patience for slow heads, an orderly end.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use andon_api::Console;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{GatewayConfig, GatewayError, PATH};
use crate::desk::Desk;
use crate::door::Door;

/// Time for the answers of held calls when the gateway ends, before its event streams are cut.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
/// Time for what is left then.
const FAREWELL: Duration = Duration::from_millis(1_500);
/// Pause after the system refused to hand over a connection, so that a lack of files does not become a busy loop.
const AFTER_REFUSED_ACCEPT: Duration = Duration::from_millis(100);
/// What one connection may keep in memory for its head.
const READ_BUFFER: usize = 64 * 1024;

/// The agents' gateway.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that has its address and does not answer yet.
#[derive(Debug)]
pub struct BoundGateway {
    listener: TcpListener,
    address: SocketAddr,
    config: GatewayConfig,
}

impl Gateway {
    /// Takes the address, so that it is known before the console is built.
    ///
    /// # Errors
    /// When the address is not loopback, or is taken.
    pub async fn bind(config: GatewayConfig) -> Result<BoundGateway, GatewayError> {
        let listen = config.listen;
        if ![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&listen.ip()) {
            return Err(GatewayError::NotLoopback(listen));
        }
        let bound = match TcpListener::bind(listen).await {
            Ok(listener) => listener.local_addr().map(|address| (listener, address)),
            Err(error) => Err(error),
        };
        match bound {
            Ok((listener, address)) => Ok(BoundGateway {
                listener,
                address,
                config,
            }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(GatewayError::PortInUse(listen)),
            Err(source) => Err(GatewayError::Listen {
                address: listen,
                source,
            }),
        }
    }
}

impl BoundGateway {
    /// The address agents connect to, for example `http://127.0.0.1:4517/mcp`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The address listened on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves agents until `shutdown` is ready, then ends within two seconds. Calls that are held are answered with where their
    /// requests stand; the requests stay.
    ///
    /// # Errors
    /// None at present; a connection that fails ends alone.
    pub async fn serve(
        self,
        console: Arc<Console>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), GatewayError> {
        self.serve_desk(console, shutdown).await;
        Ok(())
    }

    pub(crate) async fn serve_desk<D: Desk>(self, desk: Arc<D>, shutdown: impl Future<Output = ()> + Send) {
        let Self {
            listener,
            address,
            config,
        } = self;
        let (closing, ended) = (CancellationToken::new(), CancellationToken::new());
        let places = Arc::new(Semaphore::new(config.max_connections));
        let door = Door::new(
            desk,
            config.clone(),
            address.port(),
            closing.clone(),
            ended.clone(),
        );
        let door = Arc::new(door);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        tracing::info!(%address, "the gateway answers");
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = listener.accept() => accepted,
            };
            match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    connections.spawn(converse(
                        Arc::clone(&door),
                        stream,
                        place,
                        config.clone(),
                        closing.clone(),
                    ));
                }
                (Ok((stream, _)), Err(_)) => turn_away(stream).await,
                (Err(error), _) => {
                    tracing::warn!(%error, "the system handed over no connection");
                    tokio::time::sleep(AFTER_REFUSED_ACCEPT).await;
                }
            }
        }
        drop(listener);
        // Held calls answer where their request stands; then what never ends by itself is ended.
        closing.cancel();
        if tokio::time::timeout(LAST_ANSWERS, all_ended(&mut connections))
            .await
            .is_err()
        {
            ended.cancel();
        }
        if tokio::time::timeout(FAREWELL, all_ended(&mut connections))
            .await
            .is_err()
        {
            connections.shutdown().await;
        }
        ended.cancel();
    }
}

async fn all_ended(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

async fn converse<D: Desk>(
    door: Arc<Door<D>>,
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    config: GatewayConfig,
    closing: CancellationToken,
) {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(Box::pin(door.answer(request)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout)
        .max_header_size(config.max_header_bytes)
        .max_buf_size(READ_BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Says that there is no room and closes. One write into an empty buffer; a client that does not read it is not waited for.
async fn turn_away(mut stream: TcpStream) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    if stream.write_all(FULL).await.and(stream.shutdown().await).is_err() {
        tracing::debug!("a client that was turned away had left");
    }
}
