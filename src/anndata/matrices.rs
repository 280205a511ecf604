//! Matrices of genes beside X: layers, and raw with genes of its own.

use std::rc::Rc;

use futures_util::future::join;

use super::{AnnData, Frame, Matrix};
use crate::{
    error::{Error, Result},
    tree::Node,
};

/// The name by which raw is chosen; a layer of that name is `layers/raw`.
const RAW: &str = "raw";

/// Where raw keeps its parts, today's way and the oldest.
const RAW_PARTS: [[&str; 2]; 2] = [["raw/X", "raw/var"], ["raw.X", "raw.var"]];

impl AnnData {
    /// Names of the matrices that can be chosen instead of X: `raw` where there is one, then the layers. Hosts that
    /// cannot list leave the layers out.
    ///
    /// # Errors
    /// Whatever opening the group of layers says.
    pub async fn matrices(&self) -> Result<Vec<String>> {
        let (raw, layers) = join(self.raw(), self.layers()).await;
        let mut names: Vec<String> = raw?.map(|_| RAW.to_owned()).into_iter().collect();
        names
            .extend(layers?.into_iter().map(|name| if name == RAW { format!("layers/{RAW}") } else { name }));
        Ok(names)
    }

    /// The same data with another matrix in the place of X: `raw`, whose genes replace var too, or a layer by its name.
    ///
    /// # Errors
    /// `Missing` when there is no such matrix, naming those there are; `Malformed` when it does not fit obs and var.
    pub async fn with_matrix(self, name: &str) -> Result<Self> {
        let file = self.tree.name().to_owned();
        self.replace(name).await.map_err(|e| e.in_file(file))
    }

    async fn replace(mut self, name: &str) -> Result<Self> {
        if name == "X" {
            return Ok(self);
        }
        if let (RAW, Some((x, var))) = (name, self.raw().await?) {
            let var = self.tree.open(&self.path(var)).await?;
            self.var = match var {
                Some(node) => Some(Rc::new(Frame::open(&self.tree, &self.root, node).await?)),
                None => return Err(Error::missing("has a matrix but no genes").at(self.path(RAW))),
            };
            self.x = Matrix::open(&*self.tree, x).await?;
        } else {
            let path = self.path(&format!("layers/{}", name.strip_prefix("layers/").unwrap_or(name)));
            self.x = match self.tree.open(&path).await? {
                Some(node) => Matrix::open(&*self.tree, node).await?,
                None => return Err(self.no_matrix(name).await),
            };
        }
        let fits = self.x.as_ref().is_none_or(|x| x.shape() == [self.n_obs(), self.n_vars()]);
        if !fits {
            let shape = self.x.as_ref().map(Matrix::shape).unwrap_or_default();
            return Err(Error::malformed(format!(
                "has shape {shape:?} but there are {} cells and {} genes",
                self.n_obs(),
                self.n_vars()
            ))
            .at(self.path(name)));
        }
        Ok(self)
    }

    async fn no_matrix(&self, name: &str) -> Error {
        let error = Error::missing(format!("there is no layer \"{name}\""));
        match self.matrices().await {
            Ok(names) if names.is_empty() => {
                error.hint("the file has no layers and no raw: X is all there is")
            }
            Ok(names) => error.hint(format!("there are: {}", names.join(", "))),
            Err(_) => error,
        }
    }

    /// The matrix of raw and where its genes are.
    async fn raw(&self) -> Result<Option<(Node, &'static str)>> {
        for [x, var] in RAW_PARTS {
            if let Some(node) = self.tree.open(&self.path(x)).await? {
                return Ok(Some((node, var)));
            }
        }
        Ok(None)
    }

    async fn layers(&self) -> Result<Vec<String>> {
        match self.tree.open(&self.path("layers")).await? {
            Some(Node::Group(group)) => Ok(self.tree.names(&group).await?.unwrap_or_default()),
            _ => Ok(Vec::new()),
        }
    }
}
