//! Where the policy of a project lies: in the working directory or in one above it.

use std::path::{Path, PathBuf};

/// The name of a policy's file.
pub const FILE_NAME: &str = "tcpcheck.toml";

/// The nearest policy from `directory` upwards, as a path relative to it.
pub fn find(directory: &Path) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for above in directory.ancestors() {
        if above.join(FILE_NAME).is_file() {
            return Some(relative.join(FILE_NAME));
        }
        relative.push("..");
    }
    None
}
