//! See `cellucid_fuzz::zip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::zip(data));
