//! See `cellucid_fuzz::slices`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::slices(data));
