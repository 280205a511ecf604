//! `serve`: the page, its module and data, for this machine or for others; events and commands for clients in any language.

mod catalog;
mod connections;
mod dataset;
mod files;
mod guard;
mod hub;
mod log;
mod options;
mod pipe;
mod range;
mod site;
mod talk;
mod tls;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use cellucid_wasm::{Error, Result, source::address::Address};
use tokio::{net::TcpListener, sync::watch};

use crate::{args::Reading, output};
use catalog::Catalog;
use guard::Guard;
use hub::Hub;
pub use options::Serving;
use site::{Data, Site};
use talk::Talk;

/// Where index.html says what there is to look at, and the list beside it.
const NO_CATALOG: &str = r#"<meta name="cellucid-catalog" content="">"#;
pub const CATALOG: &str = "catalog.json";

/// index.html with a list of data sets to offer.
pub fn with_catalog(index: &str) -> String {
    index.replace(NO_CATALOG, &NO_CATALOG.replace("\"\"", &format!("\"{CATALOG}\"")))
}

/// The port that Cellucid's own server takes, and how many after it are tried.
const PORT: u16 = 8765;
const TRIED: u16 = 100;

pub fn run(serving: &Serving, reading: &Reading) -> Result<()> {
    let tls = match (&serving.tls_cert, &serving.tls_key) {
        (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
        _ => None,
    };
    let own_token = serving.token.clone().filter(|token| !token.is_empty());
    let hub = Arc::new(Hub::new(own_token.clone().map_or_else(|| hub::random(16), Ok)?));
    let shown = shown(serving, reading)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Error::source(format!("no threads to serve with: {e}")))?;
    let outcome = runtime.block_on(async {
        let (listener, address) = listen(serving).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let here = format!("{scheme}://{address}/");
        let (end, ending) = watch::channel(false);
        let talk = Talk { hub: Arc::clone(&hub), shown: shown.query.clone(), ending: ending.clone() };
        let query = if shown.query.is_empty() { String::new() } else { format!("?{}", shown.query) };
        let mut url = format!("{here}{query}");
        let guard = Guard { names: serving.names.clone(), origins: serving.origins.clone() };
        let has_page = shown.page.is_some();
        let site = Site {
            page: shown.page,
            module: shown.module,
            data: shown.data,
            catalog: shown.catalog,
            talk,
            guard,
            here: here.clone(),
            address,
        };
        if serving.pipe {
            let viewer = pipe::attach(&hub, ending.clone(), end.clone())?;
            url = site.talk.address(&here, &viewer.0, &viewer.1);
            output::note(&url);
        } else {
            output::standard(|out| writeln!(out, "{url}"))?;
        }
        if !has_page {
            output::note("the page was not found, so only data are served; --page names its folder");
        }
        if !address.ip().is_loopback() {
            output::note("other machines can reach this server; only those who may see the data should");
        }
        if own_token.is_none() && !serving.pipe {
            output::note(&format!(
                "programs that hear events or give commands show this token: {}",
                hub.token()
            ));
        }
        if !serving.no_browser {
            open_browser(&url);
        }
        connections::accept(listener, tls, Arc::new(site), end).await;
        Ok(())
    });
    // A data set that is being read would be waited for.
    runtime.shutdown_background();
    outcome
}

/// What is served.
struct Shown {
    page: Option<PathBuf>,
    module: Option<PathBuf>,
    data: Option<Data>,
    catalog: Catalog,
    /// What the page's address has to end with to show it.
    query: String,
}

fn shown(serving: &Serving, reading: &Reading) -> Result<Shown> {
    let what = serving.what.as_str();
    let path = Path::new(what);
    let documents = ["zarr.json", ".zgroup", ".zmetadata", "dataset_identity.json", "datasets.json"];
    let is_store = documents.iter().any(|name| path.join(name).is_file());
    let plain_folder = path.is_dir() && !is_store;
    let page = page(serving.page.as_deref(), if plain_folder { path } else { Path::new(".") })?;
    let module = page.as_deref().and_then(find_module);
    if plain_folder {
        let catalog = Catalog::below(path, reading);
        let data = Some(Data::Folder(path.to_owned()));
        return Ok(Shown { page, module, data, catalog, query: String::new() });
    }
    let catalog = catalog::open_now(what, reading)?;
    if Address::parse(what).is_some() {
        let query = format!("url={}", encode(what));
        return Ok(Shown { page, module, data: None, catalog, query });
    }
    let (place, root) = match what.rsplit_once('#') {
        Some((place, root)) if !path.exists() => (Path::new(place), format!("#{root}")),
        _ => (path, String::new()),
    };
    let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    let name = place.file_name().map_or("data".into(), |name| name.to_string_lossy().into_owned());
    let query = format!("url={}", encode(&format!("/data/{}{root}", encode(&name))));
    Ok(Shown { page, module, data: Some(Data::Only { name, path: place }), catalog, query })
}

/// The folder of the page, as named or as found.
fn page(named: Option<&Path>, served: &Path) -> Result<Option<PathBuf>> {
    match named {
        Some(page) if page.join("index.html").is_file() => Ok(Some(page.to_owned())),
        Some(page) => Err(Error::request("holds no index.html")
            .in_file(page.display().to_string())
            .hint("name the folder of the page")),
        None => Ok(find_page(served)),
    }
}

/// The folders of the page and of its module.
///
/// # Errors
/// `Missing` where one of them is not there.
pub fn page_and_module(named: Option<&Path>) -> Result<(PathBuf, PathBuf)> {
    let absent = |what: &str, hint: &'static str| Error::missing(format!("{what} was not found")).hint(hint);
    let page = page(named, Path::new("."))?;
    let page = page.ok_or_else(|| absent("the page", "name its folder with --page"))?;
    let whole = |module: &PathBuf| {
        ["cellucid_bg.wasm", "cellucid_later.wasm"].iter().all(|part| module.join(part).is_file())
    };
    let module = find_module(&page).filter(whole);
    let module = module.ok_or_else(|| {
        absent(
            "the module",
            "build it first; it lies in a folder called pkg in the page's folder or beside it",
        )
    })?;
    Ok((page, module))
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
pub fn encode(text: &str) -> String {
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

async fn listen(serving: &Serving) -> Result<(TcpListener, SocketAddr)> {
    let ports = match serving.port {
        Some(port) => port..=port,
        None => PORT..=PORT + TRIED,
    };
    let mut last = None;
    for port in ports {
        match TcpListener::bind((serving.host, port)).await.and_then(|l| Ok((l.local_addr()?, l))) {
            Ok((address, listener)) => return Ok((listener, address)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some((port, error)),
            Err(error) => {
                let hint = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "choose a --port above 1023: lower ones need more rights"
                    }
                    io::ErrorKind::AddrNotAvailable => {
                        "--host takes an address of this machine, or 0.0.0.0 for all it has"
                    }
                    _ => "choose another --port or --host",
                };
                return Err(Error::source(format!("cannot listen on {} port {port}: {error}", serving.host))
                    .hint(hint));
            }
        }
    }
    let port = last.map_or(PORT, |(port, _)| port);
    Err(Error::source(format!("port {port} is taken by another program"))
        .hint("choose another --port, or 0 for any free one"))
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
