//! The one integration binary; a module for each kind of test.

mod testkit;

mod architecture;
mod capture;
mod fixtures;
mod malformed;
mod mutations;
mod traces;
