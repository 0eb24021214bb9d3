//! Names of this machine's interfaces by their index, for captures of all interfaces at once.

#[cfg(target_os = "linux")]
use std::{collections::HashMap, fs, sync::OnceLock};

/// The interface's name on this machine, if it has one by that index; a capture from elsewhere gets the wrong one, as with
/// tcpdump.
#[cfg(target_os = "linux")]
pub(super) fn name(index: u32) -> Option<&'static str> {
    static NAMES: OnceLock<HashMap<u32, String>> = OnceLock::new();
    NAMES.get_or_init(|| read().unwrap_or_default()).get(&index).map(String::as_str)
}

/// Cooked captures come from Linux.
#[cfg(not(target_os = "linux"))]
pub(super) fn name(_index: u32) -> Option<&'static str> {
    None
}

#[cfg(target_os = "linux")]
fn read() -> std::io::Result<HashMap<u32, String>> {
    let mut names = HashMap::new();
    for entry in fs::read_dir("/sys/class/net")?.flatten() {
        let index = fs::read_to_string(entry.path().join("ifindex")).ok().and_then(|text| text.trim().parse().ok());
        let name = entry.file_name().into_string().ok().filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic()));
        if let (Some(index), Some(name)) = (index, name) {
            names.insert(index, name);
        }
    }
    Ok(names)
}
