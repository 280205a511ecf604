//! `relayout`: an AnnData as a Zarr store in which a gene is one piece, whatever it was before.

mod archive;
mod columns;
mod copy;
mod dense;
mod documents;
mod encode;
mod journal;
mod kind;
mod lists;
mod matrix;
mod rows;
mod runs;
mod store;
mod writer;

use std::{path::Path, rc::Rc, sync::Arc};

use cellucid_wasm::{
    Error, Kind, Result,
    anndata::Matrix,
    array::{Array, Attrs, DType},
    native::block_on,
    tree::{Node, Tree},
};
use clap::Args;
use serde_json::json;

use self::{documents::Format, matrix::How, store::Store, writer::Writer};
use crate::{
    args::{MOST_JOBS, processors},
    export::{Show, size},
    interrupt, output,
    source::Opened,
};

/// How a store is written.
#[derive(Args, Clone)]
pub struct Relay {
    /// Version of Zarr: 2 is read by every anndata, 3 has shards (fewer files) and needs anndata 0.12
    #[arg(long, value_name = "2|3", default_value = "2", value_parser = ["2", "3"])]
    format: String,
    /// Also turn this layer, or raw; may be repeated. Others are copied as they are
    #[arg(long = "layer", value_name = "NAME|raw")]
    layers: Vec<String>,
    /// Store a dense matrix without its zeros
    #[arg(long)]
    sparse: bool,
    /// Replace what is there, once the new store is whole; begin anew where an interrupted run wrote something else
    #[arg(long)]
    force: bool,
    /// Threads that pack chunks
    #[arg(long, value_name = "N", default_value_t = processors(), value_parser = clap::value_parser!(u16).range(1..=MOST_JOBS))]
    jobs: u16,
    /// Memory to work in, in MiB; what does not fit lies beside OUT meanwhile
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..))]
    memory: u64,
    /// Sent with every request, as 'Name: value'; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = crate::args::header)]
    headers: Vec<(String, String)>,
    /// Say on standard error, as one line of JSON, what it took
    #[arg(long)]
    stats: bool,
    /// Say nothing but what could not be copied
    #[arg(long)]
    quiet: bool,
}

/// What is done with an object of the source.
enum Step {
    Group(Attrs),
    Array(Rc<Array>),
    Matrix(Matrix, Attrs),
}

/// What to do after an interruption.
const GOES_ON: &str = "the same command goes on where this one stopped";

/// Members in the order in which a viewer reads them; others follow.
const ORDER: [&str; 4] = ["obs", "obsm", "var", "X"];

pub fn run(source: &str, out: &Path, options: &Relay) -> Result<()> {
    let opened = Opened::new(source, &options.headers)?;
    apart(source, out)?;
    named(out)?;
    let show = Arc::new(Show::of(options.quiet, "chunks"));
    interrupt::told(&show, GOES_ON);
    let done = block_on(write(&opened, out, options, &show));
    show.clear();
    let (runs, left) = done?;
    for line in left {
        output::note(&line);
    }
    let (chunks, bytes, seconds) = show.sum();
    let (requests, bytes_read) = opened.moved();
    if options.stats {
        let line = json!({
            "requests": requests, "bytes_read": bytes_read, "chunks": chunks, "bytes_out": bytes,
            "stretches": runs, "seconds": seconds,
        });
        output::note(&line.to_string());
    } else if !options.quiet {
        output::note(&format!("{}: {} written in {seconds:.1} s", out.display(), size(bytes)));
    }
    Ok(())
}

/// Checks that neither of two places lies in the other.
fn apart(source: &str, out: &Path) -> Result<()> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let full = out.canonicalize().ok().or_else(|| Some(parent.canonicalize().ok()?.join(out.file_name()?)));
    let place =
        if Path::new(source).exists() { source } else { source.rsplit_once('#').map_or(source, |s| s.0) };
    if let (Some(out), Ok(source)) = (&full, Path::new(place).canonicalize())
        && (source.starts_with(out) || out.starts_with(&source))
    {
        return Err(Error::request("lies in what is read, or the other way round")
            .in_file(out.display().to_string())
            .hint("write to a place of its own"));
    }
    Ok(())
}

/// Refuses names that promise another format: what is written is Zarr.
fn named(out: &Path) -> Result<()> {
    let ending = out.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !["h5ad", "h5", "hdf5", "h5mu", "loom"].contains(&ending.as_str()) {
        return Ok(());
    }
    let better = out.with_extension("zarr").display().to_string();
    Err(Error::request(format!("what relayout writes is Zarr, not .{ending}"))
        .in_file(out.display().to_string())
        .hint(format!("name it {better} or {better}.zip")))
}

/// What could not be copied as it is, and why.
type Left = Vec<String>;

async fn write(opened: &Opened, out: &Path, options: &Relay, show: &Arc<Show>) -> Result<(usize, Left)> {
    let tree = opened.tree().await?;
    let root = opened.root.trim_matches('/').to_owned();
    let how = How { memory: options.memory.saturating_mul(1 << 20), sparse: options.sparse };
    let turned: Vec<String> = std::iter::once("X".to_owned())
        .chain(options.layers.iter().map(|name| match name.as_str() {
            "raw" => "raw/X".to_owned(),
            name => format!("layers/{name}"),
        }))
        .collect();
    let mut plan = Plan { tree: Rc::clone(&tree), root, turned, steps: Vec::new(), left: Vec::new() };
    plan.all().await.map_err(|e| e.in_file(tree.name()))?;
    let total = plan.steps.iter().map(|(_, step)| match step {
        Step::Group(_) => 0,
        Step::Array(array) => copy::steps(array),
        Step::Matrix(matrix, _) => matrix::steps(matrix, &how),
    });
    show.expect(usize::try_from(total.sum::<u64>()).unwrap_or(usize::MAX));
    let format = if options.format == "3" { Format::V3 } else { Format::V2 };
    // Neither memory nor threads make a difference to what is written.
    let what =
        json!([env!("CARGO_PKG_VERSION"), opened.identity(), options.format, options.sparse, plan.turned]);
    let store = Store::create(out, &what.to_string(), options.force)?;
    if store.resumed() && !options.quiet {
        output::note("going on with what an interrupted run has written");
    }
    let mut writer = Writer::new(store, format, usize::from(options.jobs), Arc::clone(show));
    let done = plan.carry_out(&mut writer, &how).await;
    match done {
        Ok(runs) => {
            writer.finish().map_err(again)?;
            Ok((runs, plan.left))
        }
        // What failed once may succeed later: a host, a disk. What is wrong with the data stays wrong.
        Err(error) if error.kind == Kind::Source => Err(again(error)),
        Err(error) => {
            writer.discard();
            Err(error)
        }
    }
}

fn again(mut error: Error) -> Error {
    if error.kind == Kind::Source {
        let before = error.hint.take().map_or(String::new(), |hint| format!("{hint}; "));
        error.hint = Some(format!("{before}{GOES_ON}"));
    }
    error
}

/// Everything there is in the source, in the order of writing.
struct Plan {
    tree: Rc<dyn Tree>,
    root: String,
    /// Paths of matrices that are turned.
    turned: Vec<String>,
    steps: Vec<(String, Step)>,
    left: Left,
}

impl Plan {
    /// Writes all of it; gives the number of stretches that were sorted.
    async fn carry_out(&self, writer: &mut Writer, how: &How) -> Result<usize> {
        let tree = &*self.tree;
        let mut runs = 0;
        for (path, step) in &self.steps {
            match step {
                Step::Group(attrs) => writer.group(path, attrs),
                Step::Array(array) => copy::array(writer, tree, array, path, how.memory).await?,
                Step::Matrix(matrix, attrs) => {
                    runs += matrix::relay(writer, tree, matrix, path, attrs, how).await?;
                }
            }
        }
        Ok(runs)
    }

    async fn all(&mut self) -> Result<()> {
        let missing = || Error::missing("is not in the file").at(&self.root);
        let node = self.tree.open(&self.root).await?.ok_or_else(missing)?;
        let Node::Group(group) = node else {
            return Err(Error::malformed("holds no AnnData: it is an array").at(&self.root));
        };
        let mut names = self.names(&group).await?;
        if !names.iter().any(|name| name == "obs") {
            return Err(Error::malformed(format!("holds no AnnData: only {}", names.join(", ")))
                .at(&self.root)
                .hint("name an object in it, such as SOURCE#mod/rna"));
        }
        names.sort_by_key(|name| ORDER.iter().position(|first| first == name).unwrap_or(ORDER.len()));
        let mut attrs = group.attrs.clone();
        attrs.entry("encoding-type").or_insert_with(|| "anndata".into());
        attrs.entry("encoding-version").or_insert_with(|| "0.1.0".into());
        self.steps.push((String::new(), Step::Group(attrs)));
        for name in names {
            self.member(name, 0).await?;
        }
        for wanted in &self.turned {
            let there = |(path, step): &(String, Step)| path == wanted && matches!(step, Step::Matrix(..));
            // A file without X is still worth a store.
            if wanted != "X" && !self.steps.iter().any(there) {
                return Err(Error::request("there is no such matrix").at(wanted));
            }
        }
        Ok(())
    }

    async fn names(&self, group: &cellucid_wasm::tree::Group) -> Result<Vec<String>> {
        self.tree.names(group).await?.ok_or_else(|| {
            Error::unsupported("cannot be listed, so that not all of it can be copied")
                .at(&group.path)
                .hint("consolidate the store's metadata, or copy it to this machine first")
        })
    }

    /// One object and all below it.
    async fn member(&mut self, path: String, depth: usize) -> Result<()> {
        let before = self.steps.len();
        let planned = Box::pin(self.plan(&path, depth)).await;
        match planned {
            // Entries of uns depend on nothing, and nothing on them.
            Err(error) if path.starts_with("uns/") && depth == 1 && error.kind == Kind::Unsupported => {
                self.steps.truncate(before);
                self.left.push(format!("left out: {path}: {}", error.message));
                Ok(())
            }
            planned => planned,
        }
    }

    async fn plan(&mut self, path: &str, depth: usize) -> Result<()> {
        let inside = [self.root.as_str(), path].into_iter().filter(|part| !part.is_empty());
        let full = inside.collect::<Vec<_>>().join("/");
        if depth > self.tree.limits().depth {
            return Err(Error::limit("groups are nested too deeply, or in each other").at(full));
        }
        let Some(node) = self.tree.open(&full).await? else { return Ok(()) };
        let attrs = node.attrs().clone();
        if self.turned.iter().any(|turned| turned == path)
            && let Some(matrix) = Matrix::open(&*self.tree, node.clone()).await?
        {
            self.steps.push((path.to_owned(), Step::Matrix(matrix, attrs)));
            return Ok(());
        }
        match node {
            Node::Array(array) => {
                if depth == 0 && matches!(path, "obs" | "var") || attrs.contains_key("categories") {
                    return Err(Error::unsupported("is a table in a form that anndata no longer writes")
                        .at(full)
                        .hint("read the file and write it again with a current anndata, then repeat the command"));
                }
                if matches!(array.dtype, DType::List { .. }) && path.starts_with("uns/") {
                    self.left.push(format!("{path}: {}", lists::WORDS));
                } else {
                    copy::check(&array)?;
                }
                self.steps.push((path.to_owned(), Step::Array(array)));
            }
            Node::Group(group) => {
                self.steps.push((path.to_owned(), Step::Group(attrs)));
                for name in self.names(&group).await? {
                    if matches!(name.as_str(), "" | "." | ".." | "zarr.json")
                        || name.starts_with(".z")
                        || name.contains(['/', '\\'])
                    {
                        return Err(
                            Error::unsupported(format!("{name:?} cannot be a name in a Zarr store")).at(full)
                        );
                    }
                    self.member(format!("{path}/{name}"), depth + 1).await?;
                }
            }
        }
        Ok(())
    }
}
