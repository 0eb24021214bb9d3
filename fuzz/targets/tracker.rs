//! The tracker.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: tcpcheck_fuzz::script::Script| tcpcheck_fuzz::tracking::follow(&script));
