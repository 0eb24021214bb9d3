//! `cost script|capture FILE [SEGMENTS]`: does what `fuzz/cost` counts, and says of how many packets and bytes. A script is drawn
//! out to 20,000 segments, or as many as are asked for.

use tcpcheck_fuzz::cost;

// `fuzz/run` builds it with coverage as all the rest, so that it needs libFuzzer's half of it; the main function here comes first.
libfuzzer_sys::fuzz_target!(|_bytes: &[u8]| {});

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, file, more @ ..] = words.as_slice() else { panic!("cost script|capture FILE [SEGMENTS]") };
    let segments = more.first().map_or(20_000, |word| word.parse().expect("a number of segments"));
    let bytes = std::fs::read(file)?;
    let size = if kind == "script" { cost::of_script(&bytes, segments) } else { cost::of_capture(&bytes) };
    println!("{} {}", size.packets, size.bytes);
    Ok(())
}
