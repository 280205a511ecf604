//! The first look at a message, in two steps: who sends it and of what kind it is, without building anything from the rest; then, for
//! those who hold the token, the fields.

use std::fmt;

use serde_core::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{CELLS_LIMIT, cells::Rows};
use crate::error::{Error, Result};

/// Who sends it and what it is.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Envelope {
    pub kind: Option<String>,
    pub viewer: Option<String>,
    pub token: Option<String>,
    /// The place in the sender's order, if it numbers its messages.
    pub seq: Option<u64>,
}

/// A message's own fields.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub cells: Option<Rows>,
    pub rest: Map<String, Value>,
}

/// Keys that belong to the envelope.
const OUTER: [&str; 4] = ["type", "viewerId", "viewerToken", "seq"];

impl Envelope {
    /// Reads the envelope and skips the rest.
    ///
    /// # Errors
    /// `Malformed` when the text is no JSON object.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|e| Error::malformed("the message is not a JSON object").because(e))
    }
}

impl Fields {
    /// Reads everything but the envelope; lists of rows take four bytes each from the start.
    ///
    /// # Errors
    /// `Malformed` when the text is no JSON object.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|e| Error::malformed("the message is not a JSON object").because(e))
    }
}

/// Compares without telling by the time it takes how much was right.
pub fn same(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    // The optimiser may not conclude anything from bytes it cannot see through.
    a.len() == b.len() && std::hint::black_box(differ) == 0
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Outer;
        impl<'de> Visitor<'de> for Outer {
            type Value = Envelope;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Envelope, M::Error> {
                let mut found = Envelope::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => found.kind = map.next_value::<Word>()?.0,
                        "viewerId" => found.viewer = map.next_value::<Word>()?.0,
                        "viewerToken" => found.token = map.next_value::<Word>()?.0,
                        "seq" => found.seq = map.next_value::<Count>()?.0,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(found)
            }
        }
        from.deserialize_map(Outer)
    }
}

/// Declares what else may stand where a value of one kind is looked for: it is skipped.
macro_rules! skip_others {
    ($made:expr; $($visit:ident($kind:ty)),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        $(fn $visit<E>(self, _: $kind) -> std::result::Result<Self::Value, E> {
            Ok($made)
        })*
        fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
            Ok($made)
        }
        fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> std::result::Result<Self::Value, S::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($made)
        }
        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Self::Value, M::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($made)
        }
    };
}

/// A text, or something else that is not looked at.
struct Word(Option<String>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Word;

            skip_others!(Word(None); visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));

            fn visit_str<E>(self, text: &str) -> std::result::Result<Word, E> {
                Ok(Word(Some(text.to_owned())))
            }
        }
        from.deserialize_any(Text)
    }
}

/// A whole number from 1 to 2^53, or something else that is not looked at.
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Number;
        impl<'de> Visitor<'de> for Number {
            type Value = Count;

            skip_others!(Count(None); visit_bool(bool), visit_i64(i64), visit_f64(f64), visit_str(&str));

            fn visit_u64<E>(self, number: u64) -> std::result::Result<Count, E> {
                Ok(Count((1..=1 << 53).contains(&number).then_some(number)))
            }
        }
        from.deserialize_any(Number)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Inner;
        impl<'de> Visitor<'de> for Inner {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Fields, M::Error> {
                let mut found = Fields::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "cells" {
                        found.cells = Some(map.next_value()?);
                    } else if OUTER.contains(&key.as_str()) {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        found.rest.insert(key, map.next_value()?);
                    }
                }
                Ok(found)
            }
        }
        from.deserialize_map(Inner)
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Rows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rows")
            }

            fn visit_unit<E>(self) -> std::result::Result<Rows, E> {
                Ok(Rows::All)
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> std::result::Result<Rows, S::Error> {
                let mut rows = Vec::new();
                let mut wrong = None;
                while let Some(item) = items.next_element_seed(Row)? {
                    match item {
                        _ if wrong.is_some() => {}
                        Ok(row) if rows.len() < CELLS_LIMIT => rows.push(row),
                        Ok(_) => return Err(S::Error::custom(format!("more than {CELLS_LIMIT} cells"))),
                        Err(found) => {
                            wrong = Some(format!("cells[{}] is {found}, not a row number", rows.len()))
                        }
                    }
                }
                Ok(wrong.map_or(Rows::Some(rows), Rows::Wrong))
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Rows, M::Error> {
                let mut packed = Map::new();
                while let Some((key, value)) = map.next_entry()? {
                    packed.insert(key, value);
                }
                Ok(Rows::unpacked(&Value::Object(packed)))
            }

            fn visit_bool<E>(self, value: bool) -> std::result::Result<Rows, E> {
                Ok(Rows::Wrong(format!("cells is {value}, not a list")))
            }

            fn visit_i64<E>(self, value: i64) -> std::result::Result<Rows, E> {
                Ok(Rows::Wrong(format!("cells is {value}, not a list")))
            }

            fn visit_u64<E>(self, value: u64) -> std::result::Result<Rows, E> {
                Ok(Rows::Wrong(format!("cells is {value}, not a list")))
            }

            fn visit_f64<E>(self, value: f64) -> std::result::Result<Rows, E> {
                Ok(Rows::Wrong(format!("cells is {value}, not a list")))
            }

            fn visit_str<E>(self, _: &str) -> std::result::Result<Rows, E> {
                Ok(Rows::Wrong("cells is a text, not a list".to_owned()))
            }
        }
        from.deserialize_any(List)
    }
}

/// One row number, or what was found instead.
struct Row;

impl<'de> DeserializeSeed<'de> for Row {
    type Value = std::result::Result<u32, String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row {
    type Value = std::result::Result<u32, String>;

    skip_others!(Err("no number".to_owned()); visit_bool(bool), visit_str(&str));

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Self::Value, E> {
        Ok(u32::try_from(number).map_err(|_| number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Self::Value, E> {
        Ok(Err(number.to_string()))
    }

    // JavaScript knows one kind of number: 3.0 is 3 there, so it is here.
    fn visit_f64<E>(self, number: f64) -> std::result::Result<Self::Value, E> {
        let row = number as u32;
        Ok(if f64::from(row) == number { Ok(row) } else { Err(number.to_string()) })
    }
}
