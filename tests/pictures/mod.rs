//! Ladders, graphs and the page: what they show, and that they show it whole.

mod browser;
mod first;
mod graphs;
mod hostile;
mod ladder;
mod page;
