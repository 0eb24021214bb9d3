//! Where the policy of a project lies: in the working directory or in one above it.

use std::path::{Path, PathBuf};

/// The name of a policy's file.
pub const FILE_NAME: &str = "tcpcheck.toml";

/// The nearest policy from `directory` upwards, as a path relative to it.
pub fn find(directory: &Path) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for above in directory.ancestors() {
        // Whatever it is: a pipe or a link that leads nowhere is refused, and no other policy decides in its place.
        if above.join(FILE_NAME).symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return Some(relative.join(FILE_NAME));
        }
        relative.push("..");
    }
    None
}
