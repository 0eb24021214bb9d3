// Calls the WebAssembly: a request goes in as JSON, and what comes of it is given piece by piece.
"use strict";

/** As much of a file is read at once. */
const CHUNK = 1 << 20;

/** Whether WebAssembly can wait for a promise (JavaScript Promise Integration). */
const WAITS = "Suspending" in WebAssembly;

/**
 * Answers one request.
 * @param {WebAssembly.Module} module
 * @param {(file: number, from: number, to: number) => Uint8Array | Promise<Uint8Array>} slice bytes of a file, fewer at its end; a promise where
 *   it can be waited for
 * @param {{read: (bytes: number) => void, packets: (done: number) => void, give: (name: string, bytes: Uint8Array) => void}} page
 * @param {object} request
 */
async function answer(module, slice, page, request) {
  const chunks = new Map();
  const view = (at, length) => new Uint8Array(instance.exports.memory.buffer, at >>> 0, length >>> 0);
  const text = new TextDecoder();

  const taken = (chunk, at, into, length) => {
    const from = at - chunk.at;
    const found = chunk.bytes.subarray(from, from + Math.min(length >>> 0, chunk.bytes.length - from));
    view(into, found.length).set(found);
    return found.length;
  };
  const read = (file, at, into, length) => {
    const old = chunks.get(file);
    if (old && at >= old.at && at < old.at + old.bytes.length) return taken(old, at, into, length);
    chunks.delete(file);
    const keep = (bytes) => {
      const chunk = { at, bytes };
      chunks.set(file, chunk);
      page.read(bytes.length);
      return taken(chunk, at, into, length);
    };
    try {
      const bytes = slice(file, at, at + CHUNK);
      return bytes instanceof Promise ? bytes.then(keep).catch(() => -1) : keep(bytes);
    } catch {
      return -1;
    }
  };
  const give = (name, nameLength, at, length) => {
    page.give(text.decode(view(name, nameLength)), view(at, length).slice());
  };
  const instance = new WebAssembly.Instance(module, {
    page: { read: WAITS ? new WebAssembly.Suspending(read) : read, packets: page.packets, give },
  });
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  view(instance.exports.request(bytes.length), bytes.length).set(bytes);
  await (WAITS ? WebAssembly.promising(instance.exports.run) : instance.exports.run)();
}
