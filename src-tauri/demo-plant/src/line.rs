//! The wire with a switch in it: a loopback listener whose connections can be cut on purpose.
//! A cut connection ends without an answer, as a crashed server's does; nothing here knows HTTP.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A switch that cuts what hangs on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn set(&self, cut: bool) {
        self.0.store(cut, Ordering::SeqCst);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// One connection as a handler sees it: cutting it drops the answer that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Line(Switch);

impl Line {
    pub(crate) fn cut(&self) {
        self.0.set(true);
    }
}

/// A listener on loopback; while the switch is cut, connections are closed as soon as they come.
#[derive(Debug)]
pub(crate) struct LoopbackListener {
    inner: TcpListener,
    server: Switch,
}

impl LoopbackListener {
    pub(crate) async fn bind(port: u16, server: Switch) -> io::Result<Self> {
        let inner = TcpListener::bind(("127.0.0.1", port)).await?;
        Ok(Self { inner, server })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl Listener for LoopbackListener {
    type Io = LoopbackStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.inner.accept().await {
                Ok((stream, _)) if self.server.is_cut() => drop(stream),
                Ok((inner, address)) => {
                    // Small answers should not wait for the other side's acknowledgement.
                    if let Err(error) = inner.set_nodelay(true) {
                        tracing::debug!(%error, "no-delay refused");
                    }
                    let connection = Switch::default();
                    return (
                        LoopbackStream {
                            inner,
                            connection,
                            server: self.server.clone(),
                        },
                        address,
                    );
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// A TCP stream that fails once its own or the server's switch is cut.
#[derive(Debug)]
pub(crate) struct LoopbackStream {
    inner: TcpStream,
    connection: Switch,
    server: Switch,
}

impl LoopbackStream {
    fn check(&self) -> io::Result<()> {
        if self.connection.is_cut() || self.server.is_cut() {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        Ok(())
    }
}

impl AsyncRead for LoopbackStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for LoopbackStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Connected<IncomingStream<'_, LoopbackListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, LoopbackListener>) -> Self {
        Self(stream.io().connection.clone())
    }
}
