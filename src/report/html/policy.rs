//! What a browser may do with the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The content security policy of a page that has this style and runs this script, and nothing else.
pub(super) fn of(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(style),
        digest(script)
    )
}

/// As a content security policy names a text.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
