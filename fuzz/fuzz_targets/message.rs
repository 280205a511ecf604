//! See `cellucid_fuzz::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::message(data));
