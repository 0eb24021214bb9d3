//! The one integration binary; a module for each kind of test.

mod testkit;

mod architecture;
mod capture;
mod lines;
mod malformed;
mod tcpdump_parity;
mod traces;
