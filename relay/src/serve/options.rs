//! The options of `serve`.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;

/// How it is served.
#[derive(Args, Clone)]
pub struct Serving {
    /// Folder whose files are served below /data/ and whose data sets are listed, or one data set
    #[arg(value_name = "DIR|SOURCE", default_value = ".")]
    pub what: String,
    /// Port; 0 takes any free one. Without this, 8765 or the next free one
    #[arg(long)]
    pub port: Option<u16>,
    /// Address to listen on; other machines reach it only if it is not of the loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Name under which other machines reach this one; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// Origin whose pages may read too, or * for all; may be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
    /// What clients show to follow events and give commands; a random one, told on standard error, without this
    #[arg(long, value_name = "TOKEN", env = "CELLUCID_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Open a viewer, write its events to standard output and read its commands from standard input, one JSON object a line
    #[arg(long)]
    pub pipe: bool,
    /// Certificate chain (PEM), for https
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Do not open a browser
    #[arg(long)]
    pub no_browser: bool,
    /// Folder of the page, the one with index.html
    #[arg(long, value_name = "DIR")]
    pub page: Option<PathBuf>,
}
