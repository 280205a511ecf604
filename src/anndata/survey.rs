//! A look at every element of a file, shown or not: what cannot be read, and why, for people who ask what is in it.

use std::rc::Rc;

use super::{AnnData, Frame, Matrix, below, column, encoding, matrix::sparse_kind, plain};
use crate::{
    error::{Error, Pending, Result},
    tree::{Group, Node},
};

/// Most elements looked at: `uns` of some files holds tens of thousands.
const MOST: usize = 20_000;

/// Members whose elements are looked at here. Those of obs are described one by one, those of obsm were opened.
const MEMBERS: [&str; 8] = ["var", "varm", "obsp", "varp", "layers", "raw", "uns", "obsm"];

impl AnnData {
    /// Notes every element below the root that cannot be read, for [`skipped`](Self::skipped). Only headers are read.
    pub async fn survey(&self) {
        let mut left = MOST;
        for name in MEMBERS {
            self.look(self.path(name), 0, &mut left).await.ok();
        }
    }

    fn look<'a>(&'a self, path: String, depth: usize, left: &'a mut usize) -> Pending<'a, ()> {
        Box::pin(async move {
            if depth > self.tree.limits().depth || *left == 0 {
                return Ok(());
            }
            *left -= 1;
            let known = self.skipped.borrow().iter().any(|skipped| skipped.object == path);
            if known {
                return Ok(());
            }
            match self.tree.open(&path).await {
                Ok(None) => {}
                Ok(Some(Node::Array(array))) => {
                    if let Err(error) = plain(&array.attrs) {
                        self.skip(path, error.to_string());
                    }
                }
                Ok(Some(Node::Group(group))) => match encoding(&group.attrs) {
                    "" | "dict" | "raw" | "anndata" if sparse_kind(&group.attrs).is_none() => {
                        for name in self.tree.names(&group).await?.unwrap_or_default() {
                            self.look(below(&path, &name), depth + 1, left).await?;
                        }
                    }
                    _ => {
                        if let Err(error) = self.try_open(&group).await {
                            self.skip(path, error.to_string());
                        }
                    }
                },
                Err(error) => self.skip(path, error.to_string()),
            }
            Ok(())
        })
    }

    /// Opens a group that stands for one thing.
    async fn try_open(&self, group: &Rc<Group>) -> Result<()> {
        let node = Node::Group(Rc::clone(group));
        match encoding(&group.attrs) {
            "null" => Ok(()),
            "dataframe" => {
                let frame = Frame::open(&self.tree, &self.root, node).await?;
                for (name, stored) in frame.columns.iter().zip(frame.stored().await?.iter()) {
                    if let Err(error) = stored.kind() {
                        self.skip(below(&frame.path, name), error.to_string());
                    }
                }
                Ok(())
            }
            kind if kind == "categorical" || kind.starts_with("nullable-") => {
                column::open_group(&*self.tree, group).await.map(|_| ())
            }
            _ if sparse_kind(&group.attrs).is_some() => Matrix::open(&*self.tree, node).await.map(|_| ()),
            kind => Err(Error::unsupported(format!("encoding \"{kind}\" is not read"))),
        }
    }
}
