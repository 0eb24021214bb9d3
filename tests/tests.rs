//! The one integration binary; a module for each kind of test.

mod testkit;

mod architecture;
mod capture;
mod cli;
mod malformed;
mod ndjson;
mod readme;
mod traces;
