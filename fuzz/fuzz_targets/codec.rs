//! See `cellucid_fuzz::codec`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::codec(data));
