//! What the fuzz targets try, a module each: bytes or a structure in, a panic where something does not hold.

pub mod cost;
pub mod dissection;
pub mod line;
pub mod memory;
pub mod merging;
pub mod options;
pub mod policy;
pub mod reading;
pub mod reports;
pub mod safe;
pub mod script;
pub mod states;
pub mod threads;
pub mod tracking;
