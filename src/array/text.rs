//! Many strings in one buffer: a million barcodes cost their bytes and eight more each.

use std::ops::Range;

/// A list of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    bytes: String,
    ends: Vec<usize>,
}

impl Text {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// Adds a string of bytes; what is not UTF-8 becomes U+FFFD rather than making the file unreadable.
    pub fn push_bytes(&mut self, text: &[u8]) {
        self.push(&String::from_utf8_lossy(text));
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn span(&self, index: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|i| self.ends.get(i).copied()).unwrap_or(0);
        Some(start..end)
    }

    /// One string.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.bytes.get(self.span(index)?)
    }

    /// All strings, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i).unwrap_or(""))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Text {
    fn from_iter<I: IntoIterator<Item = S>>(items: I) -> Self {
        let mut text = Self::new();
        for item in items {
            text.push(item.as_ref());
        }
        text
    }
}
