//! See `cellucid_fuzz::hdf5_index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cellucid_fuzz::hdf5_index(data));
