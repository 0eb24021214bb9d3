//! The one integration binary; a module for each kind of test.

mod testkit;

mod architecture;
mod capture;
mod fixtures;
mod lines;
mod malformed;
mod mutations;
mod tcpdump_parity;
mod traces;
