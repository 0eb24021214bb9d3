//! The tracker.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tcpcheck_fuzz::{script, tracking};

fuzz_target!(|bytes: &[u8]| tracking::follow(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // The most significant bits say how, so that the others are left for what.
    if seed >> 30 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let size = script::stir(&mut data[..max_size], size.min(max_size), seed);
    if seed >> 30 == 1 { fuzzer_mutate(data, size, max_size) } else { size }
});
