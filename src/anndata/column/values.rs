//! The values of a column: numbers, text or categories, and each as the others.

use crate::{
    array::{Text, Values},
    error::{Error, Result},
};

/// A column's values.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; `missing` where a mask says so.
    Number {
        /// As stored.
        values: Values,
        /// True where missing.
        missing: Option<Vec<bool>>,
    },
    /// Booleans.
    Bool {
        /// As stored.
        values: Vec<bool>,
        /// True where missing.
        missing: Option<Vec<bool>>,
    },
    /// Text.
    Text {
        /// As stored.
        values: Text,
        /// True where missing.
        missing: Option<Vec<bool>>,
    },
    /// Categories.
    Category {
        /// Position in `labels`; −1 where missing.
        codes: Vec<i32>,
        /// As text, in the file's order.
        labels: Vec<String>,
        /// Whether the labels have an order that means something.
        ordered: bool,
        /// Rows whose code has no label in a damaged file; they count as missing.
        stray: u64,
    },
}

pub(super) fn from_values(values: Values, missing: Option<Vec<bool>>) -> Result<Column> {
    Ok(match values {
        Values::Bool(values) => Column::Bool { values, missing },
        Values::Text(values) => Column::Text { values, missing },
        Values::Bytes { .. } | Values::Record(_) | Values::Lists { .. } => {
            return Err(Error::unsupported(format!("a column of {} is not read", values.name())));
        }
        values => Column::Number { values, missing },
    })
}

/// Codes as positions, and how many lie beyond the labels; any negative code is missing.
pub(super) fn codes_of(values: &Values, labels: usize) -> Result<(Vec<i32>, u64)> {
    fn all<T: Copy + Into<i64>>(codes: &[T], labels: usize) -> (Vec<i32>, u64) {
        let labels = i64::try_from(labels).unwrap_or(i64::MAX).min(1 << 31);
        let mut stray = 0;
        let position = |&code: &T| {
            let code: i64 = code.into();
            stray += u64::from(code >= labels);
            if (0..labels).contains(&code) { code as i32 } else { -1 }
        };
        (codes.iter().map(position).collect(), stray)
    }
    Ok(match values {
        // As pandas has them, without a copy in between.
        Values::I8(codes) => all(codes, labels),
        Values::I16(codes) => all(codes, labels),
        Values::I32(codes) => all(codes, labels),
        other => all(&other.to_i64()?, labels),
    })
}

pub(super) fn flags(values: &Values) -> Result<Vec<bool>> {
    match values {
        Values::Bool(v) => Ok(v.clone()),
        other => Ok(other.to_i64()?.into_iter().map(|v| v != 0).collect()),
    }
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number { values, .. } => values.len(),
            Self::Bool { values, .. } => values.len(),
            Self::Text { values, .. } => values.len(),
            Self::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every row as text; missing ones are `nan`, as pandas prints them.
    ///
    /// # Errors
    /// None today; kept for types without text.
    pub fn into_text(self) -> Result<Text> {
        let gone = |missing: &Option<Vec<bool>>, i: usize| {
            missing.as_ref().is_some_and(|m| m.get(i).copied().unwrap_or(false))
        };
        Ok(match self {
            Self::Text { values, missing: None } => values,
            Self::Text { values, missing } => {
                values.iter().enumerate().map(|(i, t)| if gone(&missing, i) { "nan" } else { t }).collect()
            }
            Self::Number { values, missing } => masked(labels(&values)?, &missing),
            Self::Bool { values, missing } => masked(labels(&Values::Bool(values))?, &missing),
            Self::Category { codes, labels, .. } => codes
                .iter()
                .map(|&c| usize::try_from(c).ok().and_then(|c| labels.get(c)).map_or("nan", String::as_str))
                .collect(),
        })
    }

    /// Codes and labels, whatever the column is: what is not categorical yet gets its distinct values as labels, sorted
    /// (text by code point, numbers by size, false before true); −1 where missing (NaN too).
    ///
    /// # Errors
    /// `Unsupported` for values without order (complex numbers).
    pub fn categories(self) -> Result<(Vec<i32>, Vec<String>)> {
        match self {
            Self::Category { codes, labels, .. } => Ok((codes, labels)),
            Self::Text { values, missing } => {
                let keep = |i: usize| !missing.as_ref().is_some_and(|m| m.get(i).copied().unwrap_or(false));
                let items: Vec<Option<&str>> =
                    values.iter().enumerate().map(|(i, t)| keep(i).then_some(t)).collect();
                let (codes, distinct) = distinct(&items);
                Ok((codes, distinct.into_iter().map(str::to_owned).collect()))
            }
            Self::Bool { values, missing } => {
                let (codes, distinct) = distinct(&present(values.iter().map(|&b| i64::from(b)), &missing));
                Ok((codes, labels(&Values::Bool(distinct.iter().map(|&b| b != 0).collect()))?))
            }
            Self::Number { values, missing } => numbers(&values, &missing),
        }
    }
}

fn numbers(values: &Values, missing: &Option<Vec<bool>>) -> Result<(Vec<i32>, Vec<String>)> {
    if let Ok(integers) = values.to_i64() {
        let (codes, distinct) = distinct(&present(integers.into_iter(), missing));
        return Ok((codes, labels(&Values::I64(distinct))?));
    }
    let floats: Vec<f64> = match values {
        Values::F16(v) => v.iter().map(|x| x.to_f64()).collect(),
        Values::F32(v) => v.iter().map(|&x| x.into()).collect(),
        Values::F64(v) => v.clone(),
        other => return Err(Error::unsupported(format!("{} values have no order", other.name()))),
    };
    // −0 and 0 are one value; the order of the bits (sign folded) is the order of the numbers.
    let key = |x: f64| {
        let bits = (x + 0.0).to_bits() as i64;
        bits ^ ((bits >> 63) as u64 >> 1) as i64
    };
    let items: Vec<Option<i64>> = present(floats.into_iter(), missing)
        .into_iter()
        .map(|x| x.filter(|x| !x.is_nan()).map(key))
        .collect();
    let (codes, distinct) = distinct(&items);
    let back = |k: i64| f64::from_bits((k ^ ((k >> 63) as u64 >> 1) as i64) as u64);
    Ok((codes, labels(&Values::F64(distinct.into_iter().map(back).collect()))?))
}

fn present<T>(values: impl Iterator<Item = T>, missing: &Option<Vec<bool>>) -> Vec<Option<T>> {
    values
        .enumerate()
        .map(|(i, v)| (!missing.as_ref().is_some_and(|m| m.get(i).copied().unwrap_or(false))).then_some(v))
        .collect()
}

/// Codes of the sorted distinct items.
fn distinct<T: Ord + Copy>(items: &[Option<T>]) -> (Vec<i32>, Vec<T>) {
    let mut sorted: Vec<T> = items.iter().flatten().copied().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let code = |item: &T| sorted.binary_search(item).ok().and_then(|i| i32::try_from(i).ok()).unwrap_or(-1);
    (items.iter().map(|item| item.as_ref().map_or(-1, code)).collect(), sorted)
}

fn masked(items: Vec<String>, missing: &Option<Vec<bool>>) -> Text {
    let gone = |i: usize| missing.as_ref().is_some_and(|m| m.get(i).copied().unwrap_or(false));
    items.iter().enumerate().map(|(i, t)| if gone(i) { "nan" } else { t.as_str() }).collect()
}

/// Each value as Python's `str` has it: `True`, `3`, `0.1`, `1e-05`; text unchanged. Single and half precision are
/// widened first.
///
/// # Errors
/// `Unsupported` for bytes, records and complex numbers.
pub fn labels(values: &Values) -> Result<Vec<String>> {
    Ok(match values {
        Values::Text(text) => text.iter().map(str::to_owned).collect(),
        Values::Bool(v) => v.iter().map(|&b| if b { "True" } else { "False" }.to_owned()).collect(),
        Values::F16(v) => v.iter().map(|x| float_text(x.to_f64())).collect(),
        Values::F32(v) => v.iter().map(|&x| float_text(x.into())).collect(),
        Values::F64(v) => v.iter().map(|&x| float_text(x)).collect(),
        Values::U64(v) => v.iter().map(u64::to_string).collect(),
        other => match other.to_i64() {
            Ok(whole) => whole.iter().map(i64::to_string).collect(),
            Err(_) => return Err(Error::unsupported(format!("{} values are no labels", other.name()))),
        },
    })
}

/// A double as Python writes it: the shortest digits that give it back, with `.0` or an exponent; the exponent form
/// below 1e-4 and from 1e16 on.
pub fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.into();
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(x.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0');
    // Where the point stands in the digits; zero has none.
    let point = whole.len() as i32 + exponent.parse::<i32>().unwrap_or(0) - zeros as i32;
    let point = if digits.is_empty() { 1 } else { point };
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let (before, after) = digits.split_at(digits.len().min(point.max(0) as usize));
    match point {
        -3..=0 => {
            format!("{sign}0.{:0>width$}", digits, width = digits.len() + point.unsigned_abs() as usize)
        }
        1..=16 => {
            let after = if after.is_empty() { "0" } else { after };
            format!("{sign}{before:0<width$}.{after}", width = point as usize)
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let (mark, power) = if point > 0 { ('+', point - 1) } else { ('-', 1 - point) };
            format!("{sign}{first}{dot}{rest}e{mark}{power:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_python() {
        for (x, text) in [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (0.0001, "0.0001"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (1e-300, "1e-300"),
            (1.5e300, "1.5e+300"),
            (5e-324, "5e-324"),
            (0.0, "0.0"),
            (-0.00123, "-0.00123"),
            (100.0, "100.0"),
            (-1234.5, "-1234.5"),
            // Halfway between two shortest candidates.
            (515.144_836_425_781_2, "515.1448364257812"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_text(x), text);
        }
    }

    #[test]
    fn distinct_numbers_are_sorted_and_nan_is_missing() {
        let column =
            Column::Number { values: Values::F64(vec![2.0, -1.5, f64::NAN, -0.0, 0.0, 2.0]), missing: None };
        let (codes, labels) = column.categories().unwrap();
        assert_eq!(codes, [2, 0, -1, 1, 1, 2]);
        assert_eq!(labels, ["-1.5", "0.0", "2.0"]);
    }
}
