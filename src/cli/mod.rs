//! One run of the program: what was typed, what that means here, the run, and its exit status.
