//! Where a path leads, link by link.

use futures_util::future::join;

use super::{
    super::{
        message::{group::SymbolTable, link::Target},
        walk::{
            children::{self, Found},
            object,
        },
    },
    File,
};
use crate::{
    error::{Error, Result},
    wait::apart,
};

/// Where a path leads.
pub enum Way {
    /// To the header at an address; where the links of that are, if the file says so ahead.
    Here(u64, Option<SymbolTable>),
    /// Into another file.
    Away {
        /// Name of the link.
        link: String,
        /// Name of the file.
        file: String,
        /// Path in that file, with what was still to be walked.
        path: String,
    },
    /// Nowhere.
    Nowhere,
}

impl File {
    /// Where a path leads.
    ///
    /// # Errors
    /// `Malformed` for a broken group or links without end, `Unsupported` for links only their makers know.
    pub async fn find(&self, path: &str) -> Result<Way> {
        let mut here = self.root;
        // What is still to be walked, last part first; a soft link puts its own parts on top.
        let mut rest: Vec<String> = parts(path);
        let mut links = 0_usize;
        let mut ahead = None;
        while let Some(part) = rest.pop() {
            let found = self.child(here, ahead.take(), &part).await?;
            ahead = found.as_ref().and_then(|found| found.ahead);
            here = match found.map(|found| found.to) {
                Some(Target::Hard(address)) => address,
                Some(Target::Soft(path)) => {
                    links = links.saturating_add(1);
                    if links > self.space.limits().depth {
                        return Err(Error::malformed(format!(
                            "more than {links} soft links one after another"
                        )));
                    }
                    rest.extend(parts(&path));
                    if path.starts_with('/') { self.root } else { here }
                }
                Some(Target::External { file, path }) => {
                    let after = rest.iter().rev().map(String::as_str);
                    let path = std::iter::once(path.as_str()).chain(after).collect::<Vec<_>>().join("/");
                    return Ok(Way::Away { link: part, file, path });
                }
                Some(Target::Custom(kind)) => {
                    return Err(Error::unsupported(format!(
                        "\"{part}\" is a link of the user-defined kind {kind}"
                    )));
                }
                None => return Ok(Way::Nowhere),
            };
        }
        Ok(Way::Here(here, ahead))
    }

    /// The link of a name in the group at an address. What is said ahead of the group about its tables is only trusted
    /// as far as it leads to the name; so is the first block of its header.
    async fn child(&self, group: u64, ahead: Option<SymbolTable>, name: &str) -> Result<Option<Found>> {
        if let Some(table) = ahead
            && let Ok(Some(found)) = children::find_ahead(&self.space, table, self.group_k, name).await
        {
            return Ok(Some(found));
        }
        let (object, complete) = object::begin(&self.space, group).await?;
        if let Some(links) = children::links(&self.space, &object, self.group_k)? {
            // Names of the root are mostly at the other end of the file.
            let table = links.table().filter(|_| group == self.root && self.space.is_far());
            let ahead = async {
                if let Some(table) = table {
                    children::members(&self.space, table, self.group_k, true).await;
                }
            };
            let (found, ()) = join(apart(links.find(&self.space, name)), apart(ahead)).await;
            if let Some(found) = found? {
                return Ok(Some(found));
            }
        }
        if complete {
            return Ok(None);
        }
        match children::links(&self.space, &*self.load(group).await?, self.group_k)? {
            Some(links) => links.find(&self.space, name).await,
            None => Ok(None),
        }
    }
}

/// The parts of a path, last first.
fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).rev().map(str::to_owned).collect()
}
