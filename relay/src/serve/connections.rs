//! Connections: how many, how long, encrypted or not, and their end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::site::Site;

/// Most connections at a time; others wait until one ends.
const MOST: usize = 1024;
/// A connection that asks nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// A reader that takes nothing for this long has gone.
const STUCK: Duration = Duration::from_secs(60);
/// Longest encrypted greeting.
const GREETING: Duration = Duration::from_secs(10);
/// How long those who are being answered may go on when the server ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Answers until the process is told to stop, or `end` becomes true.
pub async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    site: Arc<Site>,
    end: watch::Sender<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MOST));
    let mut ending = end.subscribe();
    let mut told = std::pin::pin!(told_to_stop());
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            (Ok((stream, _)), Ok(place)) = next => (stream, place),
            () = &mut told => break,
            _ = ending.changed() => break,
            else => {
                // Out of file handles, most likely: others have to finish first.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Small replies must not wait for more to fill a packet.
        stream.set_nodelay(true).ok();
        let (site, tls, watcher) = (Arc::clone(&site), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _place = place;
            match tls {
                None => serve(patient(stream), site, watcher).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(GREETING, tls.accept(patient(stream))).await {
                        serve(Box::pin(stream), site, watcher).await;
                    }
                }
            }
        });
    }
    drop(listener);
    site.talk.hub.end();
    end.send_replace(true);
    timeout(FAREWELL, graceful.shutdown()).await.ok();
    site.talk.hub.forget();
}

fn patient(stream: TcpStream) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STUCK));
    Box::pin(stream)
}

async fn serve<S>(stream: S, site: Arc<Site>, watcher: hyper_util::server::graceful::Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(|request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), answer);
    // A reader that goes away in the middle is its own affair.
    watcher.watch(connection).await.ok();
}

/// Waits until the process is interrupted or asked to end.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
    }
    tokio::signal::ctrl_c().await.ok();
}
