//! `cost script|capture FILE`: does what `fuzz/cost` counts, and says of how many packets and bytes.

use tcpcheck_fuzz::cost;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, file] = words.as_slice() else { panic!("cost script|capture FILE") };
    let bytes = std::fs::read(file)?;
    let size = if kind == "script" { cost::of_script(&bytes) } else { cost::of_capture(&bytes) };
    println!("{} {}", size.packets, size.bytes);
    Ok(())
}
