//! See `cellucid_fuzz::zarr_meta`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::zarr_meta(data));
