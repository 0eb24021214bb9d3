//! The dissector, from every link type.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tcpcheck_fuzz::dissection::dissection(bytes));
