//! Documentation that runs.
