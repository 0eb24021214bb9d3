//! What the page lends: bytes of its files, and ears. The only file with `unsafe` in it.

#![allow(unsafe_code, reason = "functions of another language, and memory that it writes to")]

use std::io::{self, Read};
use std::sync::Mutex;

/// WebAssembly's numbers for a file's length: a double has every whole number below 2^53.
type Offset = f64;

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// Writes up to `len` bytes of a file from `at` on to `into`; gives how many, 0 at its end, and less where it cannot be read.
    fn read(file: u32, at: Offset, into: *mut u8, len: u32) -> i32;
    /// So many packets are done.
    fn packets(done: f64);
    /// A piece of something that is called `name`.
    fn give(name: *const u8, name_len: u32, bytes: *const u8, len: u32);
}

/// What the page asks for, until it is taken.
static REQUEST: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a request; the page writes it there before it calls anything else.
#[unsafe(no_mangle)]
pub extern "C" fn request(len: u32) -> *mut u8 {
    let mut request = REQUEST.lock().unwrap_or_else(|held| held.into_inner());
    *request = vec![0; len as usize];
    request.as_mut_ptr()
}

/// Does what was asked for. What comes of it is given piece by piece.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    let request = std::mem::take(&mut *REQUEST.lock().unwrap_or_else(|held| held.into_inner()));
    std::panic::set_hook(Box::new(|panic| hand_over("panic", panic.to_string().as_bytes())));
    crate::run(&request);
}

/// Gives the page a piece of something.
pub fn hand_over(name: &str, bytes: &[u8]) {
    // SAFETY: both are valid for the call, and the page copies them before it returns.
    unsafe { give(name.as_ptr(), name.len() as u32, bytes.as_ptr(), bytes.len() as u32) }
}

/// Tells the page how far it is.
pub fn progress(done: u64) {
    // SAFETY: takes a number.
    unsafe { packets(done as f64) }
}

/// A file that the page holds, read from its beginning.
pub struct PageFile {
    file: u32,
    at: u64,
}

impl PageFile {
    /// That one of the request's files, counted from 0.
    pub fn new(file: u32) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for PageFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(1 << 30) as u32;
        // SAFETY: the page writes at most `len` bytes, and there are as many.
        let read = unsafe { read(self.file, self.at as Offset, buffer.as_mut_ptr(), len) };
        let read = usize::try_from(read).map_err(|_| {
            io::Error::other("the browser cannot read it any more; it was changed, moved or removed: choose it again")
        })?;
        self.at += read as u64;
        Ok(read.min(buffer.len()))
    }
}
