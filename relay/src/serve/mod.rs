//! `serve`: the page, its module and data on this machine, for this machine.

mod dataset;
mod files;
mod guard;
mod range;
mod site;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use cellucid_wasm::{Error, Result, source::address::Address};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{args::Reading, output};
use dataset::Dataset;
use site::{Data, Site};

/// The port that Cellucid's own server takes, and how many after it are tried.
const PORT: u16 = 8765;
const TRIED: u16 = 100;
/// A connection that asks nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(60);

pub fn run(
    what: &str,
    port: Option<u16>,
    browse: bool,
    page: Option<&Path>,
    reading: &Reading,
) -> Result<()> {
    let (site, query) = site(what, page, reading)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Error::source(format!("no threads to serve with: {e}")))?;
    runtime.block_on(async {
        let (listener, address) = listen(port).await?;
        let url = format!("http://{address}/{query}");
        output::standard(|out| writeln!(out, "{url}"))?;
        if site.page.is_none() {
            output::note("the page was not found, so only data are served; --page names its folder");
        }
        if browse {
            open_browser(&url);
        }
        accept(listener, Arc::new(site)).await;
        Ok(())
    })
}

/// What is served, and what the page's address has to end with to show it.
fn site(what: &str, page: Option<&Path>, reading: &Reading) -> Result<(Site, String)> {
    let path = Path::new(what);
    let documents = ["zarr.json", ".zgroup", ".zmetadata", "dataset_identity.json", "datasets.json"];
    let is_store = documents.iter().any(|name| path.join(name).is_file());
    let plain_folder = path.is_dir() && !is_store;
    let page = match page {
        Some(page) if page.join("index.html").is_file() => Some(page.to_owned()),
        Some(page) => {
            return Err(Error::request("holds no index.html")
                .in_file(page.display().to_string())
                .hint("name the folder of the page"));
        }
        None => find_page(if plain_folder { path } else { Path::new(".") }),
    };
    let module = page.as_deref().and_then(find_module);
    let (data, dataset, query) = if plain_folder {
        (Some(Data::Folder(path.to_owned())), None, String::new())
    } else {
        let dataset = Some(Dataset::open(what, reading)?);
        if Address::parse(what).is_some() {
            (None, dataset, format!("?url={}", encode(what)))
        } else {
            let (place, root) = match what.rsplit_once('#') {
                Some((place, root)) if !path.exists() => (Path::new(place), format!("#{root}")),
                _ => (path, String::new()),
            };
            let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
            let name = place.file_name().map_or("data".into(), |name| name.to_string_lossy().into_owned());
            let query = format!("?url={}", encode(&format!("/data/{}{root}", encode(&name))));
            (Some(Data::Only { name, path: place }), dataset, query)
        }
    };
    Ok((Site { page, module, data, dataset }, query))
}

/// The page's folder: in what is served, or beside or above the program, as in the repository it was built in.
fn find_page(served: &Path) -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    let above = program.as_deref().into_iter().flat_map(|program| program.ancestors().skip(1));
    std::iter::once(served)
        .chain(above)
        .map(|folder| folder.join("www"))
        .find(|www| www.join("index.html").is_file())
}

/// The module's folder, in or beside the page's.
fn find_module(page: &Path) -> Option<PathBuf> {
    let page = page.canonicalize().ok()?;
    [Some(page.join("pkg")), page.parent().map(|beside| beside.join("pkg"))]
        .into_iter()
        .flatten()
        .find(|pkg| pkg.is_dir())
}

/// Everything but letters, digits and `-._~/` as percent codes.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

async fn listen(port: Option<u16>) -> Result<(TcpListener, SocketAddr)> {
    let ports = match port {
        Some(port) => port..=port,
        None => PORT..=PORT + TRIED,
    };
    let mut last = None;
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.and_then(|l| Ok((l.local_addr()?, l))) {
            Ok((address, listener)) => return Ok((listener, address)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some((port, error)),
            Err(error) => {
                return Err(Error::source(format!("cannot listen on port {port}: {error}"))
                    .hint("choose another --port"));
            }
        }
    }
    let port = last.map_or(PORT, |(port, _)| port);
    Err(Error::source(format!("port {port} is taken by another program"))
        .hint("choose another --port, or 0 for any free one"))
}

async fn accept(listener: TcpListener, site: Arc<Site>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of file handles, most likely: others have to finish first.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Small replies must not wait for more to fill a packet.
        stream.set_nodelay(true).ok();
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let site = Arc::clone(&site);
                async move { Ok::<_, Infallible>(site.answer(&request).await) }
            });
            // A reader that goes away in the middle is its own affair.
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), answer)
                .await
                .ok();
        });
    }
}

/// The desktop's own way to open an address; where there is none, the address on standard output has to do.
fn open_browser(url: &str) {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(target_os = "windows") {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let quiet = Stdio::null;
    Command::new(program).args(before).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().ok();
}
