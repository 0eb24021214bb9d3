// Calls the WebAssembly: a request goes in as JSON, and what comes of it is given piece by piece.
"use strict";

/** As much of a file is read at once. */
const CHUNK = 4 << 20;

/**
 * Answers one request.
 * @param {WebAssembly.Module} module
 * @param {(file: number, from: number, to: number) => Uint8Array} slice bytes of a file; fewer at its end
 * @param {{read: (bytes: number) => void, packets: (done: number) => void, give: (name: string, bytes: Uint8Array) => void}} page
 * @param {object} request
 */
function answer(module, slice, page, request) {
  const chunks = new Map();
  const view = (at, length) => new Uint8Array(instance.exports.memory.buffer, at >>> 0, length >>> 0);
  const text = new TextDecoder();

  const read = (file, at, into, length) => {
    try {
      let chunk = chunks.get(file);
      if (!chunk || at < chunk.at || at >= chunk.at + chunk.bytes.length) {
        chunks.delete(file);
        chunk = { at, bytes: slice(file, at, at + CHUNK) };
        chunks.set(file, chunk);
        page.read(chunk.bytes.length);
      }
      const from = at - chunk.at;
      const found = chunk.bytes.subarray(from, from + Math.min(length >>> 0, chunk.bytes.length - from));
      view(into, found.length).set(found);
      return found.length;
    } catch {
      return -1;
    }
  };
  const give = (name, nameLength, at, length) => {
    page.give(text.decode(view(name, nameLength)), view(at, length).slice());
  };
  const instance = new WebAssembly.Instance(module, { page: { read, packets: page.packets, give } });
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  view(instance.exports.request(bytes.length), bytes.length).set(bytes);
  instance.exports.run();
}
