//! What a browser brings along: the tables of letters and of decimal numbers take 5 % of a module that has its own.
//!
//! Elsewhere the standard library answers, and means the same.

#[cfg(not(target_arch = "wasm32"))]
mod asked {
    pub(super) fn lower(text: &str) -> String {
        text.to_lowercase()
    }

    pub(super) fn upper(text: &str) -> String {
        text.to_uppercase()
    }

    pub(super) fn decimal(text: &str) -> Option<f64> {
        text.parse().ok()
    }
}

#[cfg(target_arch = "wasm32")]
mod asked {
    use js_sys::JsString;
    use wasm_bindgen::JsValue;

    pub(super) fn lower(text: &str) -> String {
        JsString::from(text).to_lower_case().into()
    }

    pub(super) fn upper(text: &str) -> String {
        JsString::from(text).to_upper_case().into()
    }

    pub(super) fn decimal(text: &str) -> Option<f64> {
        let number = JsValue::from_str(text).unchecked_into_f64();
        (!number.is_nan()).then_some(number)
    }
}

/// Small letters, also beyond ASCII.
pub fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { asked::lower(text) }
}

/// Capital letters, also beyond ASCII; one may become several.
pub fn upper(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { asked::upper(text) }
}

/// The double nearest to a decimal number, spelt as for `str::parse`: infinity and NaN have names.
pub fn number(text: &str) -> Option<f64> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let size = if bare.eq_ignore_ascii_case("inf") || bare.eq_ignore_ascii_case("infinity") {
        f64::INFINITY
    } else if bare.eq_ignore_ascii_case("nan") {
        f64::NAN
    } else {
        // Browsers read more than that: hexadecimal numbers, and nothing as 0.
        let plain = bare.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        return (plain && !bare.is_empty()).then(|| asked::decimal(text))?;
    };
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_beyond_ascii_count() {
        assert_eq!((lower("ÄbC"), lower("ΟΔΟΣ")), ("äbc".into(), "οδος".into()));
        assert_eq!((upper("é"), upper("ß"), upper("t")), ("É".into(), "SS".into(), "T".into()));
    }

    #[test]
    fn numbers_are_read_as_by_the_standard_library() {
        let spelt = ["0.1", "-1e-7", "+.5", "5.", "1e400", "4.9e-324", "-0", "inf", "-Infinity", "+NaN"];
        let wrong =
            ["", "+", ".", "e", "1e", "1.5.2", "0x10", "1_0", " 1", "1 ", "infinit", "--1", "-+1", "1-2"];
        for text in spelt.iter().chain(&wrong) {
            let plain = text.parse::<f64>().ok();
            assert_eq!(number(text).map(f64::to_bits), plain.map(f64::to_bits), "{text}");
        }
    }
}
