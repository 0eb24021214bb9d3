//! The documentation of `check` is about what there is.

use tcpcheck::policy::Key;

use crate::testkit::root;

#[test]
fn every_key_is_documented() {
    let text = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    for info in Key::ALL {
        assert!(text.contains(&format!("| `{}` | `{}` | ", info.name, info.example)), "{}", info.name);
    }
}
