//! The reader of pcapng files: the same as `pcap`, with other seeds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tcpcheck_fuzz::reading::plain(bytes));
