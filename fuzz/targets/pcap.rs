//! The reader of classic files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tcpcheck_fuzz::reading::plain(bytes));
