//! The command line as types; their comments are its help.

use std::path::PathBuf;

use cellucid_wasm::export::{Options, Profile};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use crate::{relayout::Relay, serve::Serving};

/// Opens .h5ad and .zarr, looks into them, and turns them into what Cellucid shows.
///
/// SOURCE is a file, a folder or an http(s) address: .h5ad, .zarr or .zarr.zip. `SOURCE#mod/rna` names an object inside.
#[derive(Parser)]
#[command(name = "cellucid-wasm", version, max_term_width = 100)]
pub struct Line {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Say what is in it, what can be shown, what cannot and why
    Inspect {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Write virtual files, such as points_2d.bin or var/CD3E.values.f32; several are made together
    Get {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// Names of virtual files, as an export folder has them: dataset_identity.json, obs_manifest.json, points_2d.bin, …
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Write to a file instead of standard output; several have to be given a folder, and lie in it below their own paths
        #[arg(long, value_name = "FILE|FOLDER")]
        out: Option<PathBuf>,
        /// Say on standard error, as one line of JSON, what it took
        #[arg(long)]
        stats: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Write one array as stored: raw little-endian values in C order, strings as lines of JSON
    ///
    /// Type and shape go to standard error as one line of JSON. To a terminal numbers are written as text, a row a line.
    Cat {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// Path of the array, such as obsm/X_umap
        object: String,
        /// Write the object's attributes as JSON instead
        #[arg(long)]
        attrs: bool,
        /// Sent with every request, as 'Name: value'; may be repeated
        #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
        headers: Vec<(String, String)>,
    },
    /// Write the whole export folder
    Export {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// Folder to write, new or empty
        out: PathBuf,
        #[command(flatten)]
        pack: Pack,
        #[command(flatten)]
        reading: Reading,
    },
    /// Write it as a Zarr store in which a gene is one piece: X by column, in chunks that suit reading over a network
    ///
    /// The source is read once, in bounded memory. OUT is a folder, or an archive when its name ends in .zip; it appears when it
    /// is whole. The same command goes on where an interrupted one stopped.
    Relayout {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// Store to write, such as data.zarr or data.zarr.zip
        out: PathBuf,
        #[command(flatten)]
        relay: Relay,
    },
    /// Compare an export folder with the data it was made from, and say where they differ
    ///
    /// Options that the folder tells of, such as the gene id column, need not be given. Exit code 1 when anything differs.
    Verify {
        /// File, folder or http(s) address; `SOURCE#mod/rna` for an object inside
        source: String,
        /// Export folder, zip archive or address
        export: String,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Write datasets.json of a folder that holds several export folders
    Datasets {
        /// The folder above them
        root: PathBuf,
        /// Id of the data set that is shown first; the first by folder name when left out
        #[arg(long, value_name = "ID")]
        default: Option<String>,
    },
    /// Write a folder for any static host: the page, its module, and data or their addresses
    Site {
        /// Files and folders are copied, addresses are only named
        #[arg(required = true, value_name = "SOURCE")]
        sources: Vec<String>,
        /// Folder to write, new or empty
        out: PathBuf,
        /// Folder of the page, the one with index.html
        #[arg(long, value_name = "DIR")]
        page: Option<PathBuf>,
        /// Write into a folder that holds something already
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        reading: Box<Reading>,
    },
    /// Serve the page, and a folder of data or one data set, with ranges, events and commands
    Serve {
        #[command(flatten)]
        serving: Box<Serving>,
        #[command(flatten)]
        reading: Box<Reading>,
    },
}

/// Most threads that are worth it; ten thousand take the system down before they begin.
pub const MOST_JOBS: i64 = 256;

/// Threads that run at the same time here.
pub fn processors() -> u16 {
    std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).map_or(256, |n| n.min(256)))
}

/// How a folder is written.
#[derive(Args, Clone)]
pub struct Pack {
    /// Quantise gene values to so many bits
    #[arg(long, value_name = "BITS", value_parser = ["8", "16"])]
    pub quantize_var: Option<String>,
    /// Quantise continuous columns and outlier quantiles to so many bits
    #[arg(long, value_name = "BITS", value_parser = ["8", "16"])]
    pub quantize_obs: Option<String>,
    /// Compress every binary file with gzip
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub compression: Option<u8>,
    /// Only these genes, separated by commas
    #[arg(long, value_name = "GENE,…", value_delimiter = ',')]
    pub genes: Option<Vec<String>>,
    /// Write into a folder that holds something already
    #[arg(long)]
    pub force: bool,
    /// Threads that compress and write
    #[arg(long, value_name = "N", default_value_t = processors(), value_parser = clap::value_parser!(u16).range(1..=MOST_JOBS))]
    pub jobs: u16,
    /// Memory for gene values, in MiB; what a matrix stored by row has beyond half of it lies in the cache, or where that has no room in OUT, until
    /// all genes are written
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub memory: u64,
    /// Say on standard error, as one line of JSON, what it took
    #[arg(long)]
    pub stats: bool,
    /// Say nothing but what could not be exported
    #[arg(long)]
    pub quiet: bool,
}

/// Which reader the virtual files are for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum For {
    /// As cellucid 0.0.9 serves them, bit for bit
    #[default]
    Reference,
    /// In the form that the later app demands
    Strict,
}

/// How a data set is read and shown.
#[derive(Args, Clone)]
pub struct Reading {
    /// Form of the virtual files
    #[arg(long, value_enum, default_value_t)]
    pub profile: For,
    /// Entry of obsm in which outlier quantiles are measured
    #[arg(long, value_name = "KEY")]
    pub latent_key: Option<String>,
    /// Column of var that holds the gene ids, instead of the index
    #[arg(long, value_name = "COLUMN")]
    pub gene_id_column: Option<String>,
    /// Matrix that genes come from instead of X: a layer's name, or raw with its own genes
    #[arg(long, value_name = "NAME|raw")]
    pub layer: Option<String>,
    /// Name of the data set, instead of the file's
    #[arg(long, value_name = "NAME")]
    pub dataset_name: Option<String>,
    /// Id of the data set, instead of one made from its name
    #[arg(long, value_name = "ID")]
    pub dataset_id: Option<String>,
    /// Share of a group's cells that its centroid is made of
    #[arg(long, value_name = "Q", default_value_t = 0.95, allow_negative_numbers = true)]
    pub centroid_quantile: f64,
    /// Least number of cells for a centroid
    #[arg(long, value_name = "M", default_value_t = 10, allow_negative_numbers = true)]
    pub centroid_min_points: i64,
    /// Leave embeddings as they are instead of centring and scaling them
    #[arg(long)]
    pub no_normalize: bool,
    /// Sent with every request, as 'Name: value'; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// Keep nothing between runs, and use nothing that was kept
    #[arg(long)]
    pub no_cache: bool,
}

impl Reading {
    /// What the virtual files are made by; `file` is the name of the file or folder.
    pub fn options(&self, file: &str, folder: bool) -> Options {
        Options {
            profile: match self.profile {
                For::Reference => Profile::Reference,
                For::Strict => Profile::Strict,
            },
            file: file.to_owned(),
            folder,
            // The reference publishes the absolute path here. The name says as much and gives nothing away.
            path: Some(file.to_owned()),
            created_at: crate::clock::now(),
            dataset_name: self.dataset_name.clone(),
            dataset_id: self.dataset_id.clone(),
            latent_key: self.latent_key.clone(),
            gene_id_column: self.gene_id_column.clone(),
            layer: self.layer.clone(),
            normalize: !self.no_normalize,
            centroid_quantile: self.centroid_quantile,
            centroid_min_points: self.centroid_min_points,
        }
    }
}

/// A header as it stands on the command line.
pub fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header looks like 'Name: value'")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!("{name:?} is no header name"));
    }
    let value = value.trim();
    if value.contains(|c: char| c.is_ascii_control()) {
        return Err("a header's value is one line of text".into());
    }
    Ok((name.to_owned(), value.to_owned()))
}
