//! The readers behind every packing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tcpcheck_fuzz::reading::packed(bytes));
