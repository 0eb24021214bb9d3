//! Several sources as one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|told: Vec<tcpcheck_fuzz::merging::Told>| tcpcheck_fuzz::merging::merge(&told));
