//! Help with a pass over a matrix stored by row: other readers of the same file fetch and decode stretches of it, too, and hand
//! over columns and values as short as they get. No memory is shared, so that workers of any page can be such readers.

use std::{
    cell::RefCell,
    ops::Range,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use futures_util::{StreamExt, future::try_join, stream::FuturesUnordered};

use super::{
    identity::{self, Seen, Sight},
    index::{Found, Items},
    matrix::sparse_kind,
    short,
    sparse::{Compressed, Sparse},
};
use crate::{
    error::{Error, Pending, Result},
    limits::Limits,
    tree::{Tree, open},
    wait::apart,
};

/// Items of a matrix without their rows.
pub struct Portion {
    /// What tells the matrix that they are of from others; `None` where nothing outlives this visit.
    pub whose: Option<String>,
    /// Column and value of each.
    pub items: Items,
    /// What the columns have among them that were asked for.
    pub found: Vec<Found>,
    /// What came by of the matrix' [sample](identity).
    pub seen: Vec<Sight>,
}

/// Readers that take part in a pass.
pub trait Aides {
    /// Stretches that they should have to do at any time; none while they are of no use.
    fn most(&self) -> usize;

    /// The items of a stretch of the matrix at a path, and what some columns have among them; `None` when they have to be had some other
    /// way.
    fn portion<'a>(
        &'a self,
        path: &'a str,
        items: Range<u64>,
        columns: Vec<u64>,
    ) -> Pending<'a, Option<Portion>>;
}

/// Such a reader: a tree, and the matrix that it was asked for last.
pub struct Aide {
    tree: Rc<dyn Tree>,
    matrix: RefCell<Option<(String, Rc<Sparse>)>>,
}

impl Aide {
    /// A reader of a file.
    pub fn new(tree: Rc<dyn Tree>) -> Self {
        Self { tree, matrix: RefCell::default() }
    }

    /// A stretch of the items of the matrix at a path, and what some columns have among them.
    ///
    /// # Errors
    /// `Request` when it is not stored by row, has too many columns, or not so many items; and whatever reading it says.
    pub async fn portion(&self, path: &str, items: Range<u64>, wanted: &[u64]) -> Result<Portion> {
        let (tree, matrix) = (&*self.tree, apart(self.matrix(path)).await?);
        let columns = Limits::size(matrix.shape[1], 1 << 16, "a row")?;
        if items.start > items.end || items.end > matrix.data.len() {
            return Err(Error::request(format!("has {} items", matrix.data.len())).at(path));
        }
        let outline = identity::outline(tree, &matrix);
        let seen = Seen::default();
        let look = outline.as_ref().is_some_and(|outline| !outline.exact).then_some(&seen);
        let indices = short::indices(tree, &matrix.indices, items.clone(), columns, look);
        let (indices, values) =
            try_join(apart(indices), apart(short::numbers(tree, &matrix.data, items, look))).await?;
        let wanted = wanted.iter().filter_map(|&column| u16::try_from(column).ok());
        let found = wanted.map(|column| Found::of(column, &indices, &values)).collect();
        let items = Items::Here(indices, values);
        Ok(Portion { whose: outline.map(|o| o.text), items, found, seen: seen.into_sights() })
    }

    async fn matrix(&self, path: &str) -> Result<Rc<Sparse>> {
        if let Some((known, matrix)) = &*self.matrix.borrow()
            && known == path
        {
            return Ok(Rc::clone(matrix));
        }
        let group = open(&*self.tree, path).await?.group()?;
        if sparse_kind(&group.attrs) != Some(Compressed::Rows) {
            return Err(Error::request("is no matrix stored by row").at(path));
        }
        let matrix = Rc::new(Sparse::open(&*self.tree, &group, Compressed::Rows).await?);
        *self.matrix.borrow_mut() = Some((path.to_owned(), Rc::clone(&matrix)));
        Ok(matrix)
    }
}

/// A block that an aide was asked for, and what it gave.
type Asked<'a> = Pin<Box<dyn Future<Output = (usize, Option<Portion>)> + 'a>>;

/// What aides have been asked for, in that order.
#[derive(Default)]
pub(super) struct Elsewhere<'a> {
    blocks: Vec<usize>,
    under_way: FuturesUnordered<Asked<'a>>,
    /// Whether any has answered.
    answered: bool,
}

impl<'a> Elsewhere<'a> {
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn push(
        &mut self,
        aides: Rc<dyn Aides>,
        matrix: &'a Sparse,
        block: usize,
        items: Range<u64>,
        columns: Vec<u64>,
    ) {
        self.blocks.push(block);
        self.under_way.push(apart(async move {
            let path = matrix.path();
            (block, aides.portion(path, items, columns).await.ok().flatten())
        }));
    }

    /// The block that will be there last, unless it is the only one, and aides do answer.
    pub(super) fn take_back(&mut self) -> Option<usize> {
        if self.answered && self.blocks.len() < 2 { None } else { self.blocks.pop() }
    }

    /// The next block that is not done here meanwhile.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, Option<Portion>)>> {
        while let Poll::Ready(Some((block, portion))) = self.under_way.poll_next_unpin(context) {
            self.answered = true;
            if let Some(at) = self.blocks.iter().position(|&other| other == block) {
                self.blocks.remove(at);
                return Poll::Ready(Some((block, portion)));
            }
        }
        if self.blocks.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}
