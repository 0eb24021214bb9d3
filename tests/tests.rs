//! The one integration binary; a module for each kind of test.

mod testkit;

mod analyse;
mod architecture;
mod capture;
mod check;
mod citations;
mod cli;
mod compare;
mod exchanges;
mod explain;
mod extract;
mod fixtures;
mod fragments;
mod healthy;
mod hostile;
mod icmp;
mod layers;
mod limits;
mod lines;
#[cfg(all(feature = "live", target_os = "linux"))]
mod live;
mod malformed;
mod mutations;
mod ndjson;
mod oracle;
mod pictures;
mod readme;
mod resting;
mod ring;
mod rtt;
mod shown;
mod tcpdump_parity;
mod terminal;
mod threads;
mod traces;
mod tshark;
mod verdicts;
