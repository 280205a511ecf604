//! Link message: a name and what it leads to.

use crate::{error::Result, hdf5::cursor::Cursor};

/// A named child of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Creation order, where the group records it.
    pub order: Option<i64>,
    /// What it leads to.
    pub to: Target,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Target {
    /// An object header.
    Hard(u64),
    /// Another path.
    Soft(String),
    /// A path in another file.
    External { file: String, path: String },
    /// Only the program that made it knows.
    Custom(u8),
}

/// Decodes the message.
///
/// # Errors
/// `Malformed`.
pub fn decode(mut c: Cursor<'_>) -> Result<Link> {
    c.version(&[1])?;
    let flags = c.u8()?;
    let kind = if flags & 8 != 0 { c.u8()? } else { 0 };
    let order = if flags & 4 != 0 { Some(i64::from_le_bytes(c.array()?)) } else { None };
    if flags & 16 != 0 {
        c.skip(1)?;
    }
    let len = c.uint(1_usize.checked_shl(u32::from(flags & 3)).unwrap_or(8))?;
    let name = text(c.take(usize::try_from(len).unwrap_or(usize::MAX))?);
    let to = match kind {
        0 => Target::Hard(c.defined()?),
        1 => {
            let len = c.u16()?;
            Target::Soft(text(c.take(len.into())?))
        }
        64 => {
            let len = c.u16()?;
            let mut value = c.inside(c.clone().take(len.into())?, "external link");
            value.skip(1)?;
            Target::External { file: text(value.until_nul()?), path: text(value.until_nul()?) }
        }
        kind => Target::Custom(kind),
    };
    Ok(Link { name, order, to })
}

/// A name or path as text.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned()
}
