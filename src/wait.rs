//! Several waits at once.
//!
//! As `join_all` of futures-util, but with one machinery for all futures there are: that one is made anew for each kind of them, which
//! came to a fortieth of the module.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
};

use futures_util::{StreamExt, lock::Mutex, stream::FuturesUnordered};

use crate::error::Result;

/// Something that is made once, however many ask for it at the same time. What failed, or was given up, the next one makes.
pub struct Once<T> {
    made: RefCell<Option<T>>,
    making: Mutex<()>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { made: RefCell::default(), making: Mutex::default() }
    }
}

impl<T: Clone> Once<T> {
    /// Lets go of what was made.
    pub fn forget(&self) {
        self.made.borrow_mut().take();
    }

    /// What was made, or what `make` comes to.
    ///
    /// # Errors
    /// What making it says.
    pub async fn get(&self, make: impl Future<Output = Result<T>>) -> Result<T> {
        if let Some(made) = &*self.made.borrow() {
            return Ok(made.clone());
        }
        let _turn = self.making.lock().await;
        if let Some(made) = &*self.made.borrow() {
            return Ok(made.clone());
        }
        let made = make.await?;
        *self.made.borrow_mut() = Some(made.clone());
        Ok(made)
    }
}

/// A future in memory and a function of its own. Browsers run a function as it came until it has run often or long, then compile it again,
/// optimised: one in which others were drawn together is soon counted as having run long, and takes long to compile.
pub fn apart<'a, T>(future: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(future)
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// Goes through with all of them, for what they leave behind, unless one fails.
pub async fn together(waiting: Vec<Waiting<'_>>) {
    drive(waiting, usize::MAX).await.ok();
}

/// What all of some futures come to, in their order.
pub async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let futures: Vec<F> = futures.into_iter().collect();
    let results: Vec<Cell<Option<F::Output>>> = futures.iter().map(|_| Cell::new(None)).collect();
    let fill = |(result, future): (_, F)| fill(result, future);
    drop(drive(results.iter().zip(futures).map(fill).collect(), usize::MAX).await);
    results.into_iter().filter_map(Cell::into_inner).collect()
}

/// The same for futures that can fail.
///
/// # Errors
/// The first error there is; what has not come to its end by then is given up.
pub async fn try_all<T, F: Future<Output = Result<T>>>(
    futures: impl IntoIterator<Item = F>,
) -> Result<Vec<T>> {
    try_some(futures, usize::MAX).await
}

/// The same, with at most so many of them under way.
///
/// # Errors
/// As [`try_all`].
pub async fn try_some<T, F: Future<Output = Result<T>>>(
    futures: impl IntoIterator<Item = F>,
    most: usize,
) -> Result<Vec<T>> {
    let futures: Vec<F> = futures.into_iter().collect();
    let results: Vec<Cell<Option<T>>> = futures.iter().map(|_| Cell::new(None)).collect();
    let fill = |(result, future): (_, F)| try_fill(result, future);
    drive(results.iter().zip(futures).map(fill).collect(), most).await?;
    Ok(results.into_iter().filter_map(Cell::into_inner).collect())
}

fn fill<'a, F: Future + 'a>(result: &'a Cell<Option<F::Output>>, future: F) -> Waiting<'a> {
    Box::pin(async move {
        result.set(Some(future.await));
        Ok(())
    })
}

fn try_fill<'a, T, F: Future<Output = Result<T>> + 'a>(
    result: &'a Cell<Option<T>>,
    future: F,
) -> Waiting<'a> {
    Box::pin(async move {
        result.set(Some(future.await?));
        Ok(())
    })
}

async fn drive(waiting: Vec<Waiting<'_>>, most: usize) -> Result<()> {
    let mut waiting = waiting.into_iter();
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < most
            && let Some(next) = waiting.next()
        {
            under_way.push(next);
        }
        match under_way.next().await {
            Some(done) => done?,
            None => return Ok(()),
        }
    }
}
