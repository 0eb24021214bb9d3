// Reads files in pieces, away from the page: what is large never stands in its way, and ends when the page says so.
"use strict";

/** So often the page hears how far it is, in milliseconds. */
const OFTEN = 60;

/**
 * Lets what was read be collected. Its bytes lie outside of the heap whose growth makes Chromium collect, and a worker that never waits would
 * hold a large part of the file: 344 MiB rather than 944 of 2 GB.
 */
const collect = () => {
  for (let count = 0; count < 512; count += 1) new Array(4000).fill(count);
};

onmessage = ({ data: { module, files, request } }) => {
  const reader = new FileReaderSync();
  const slice = (file, from, to) => new Uint8Array(reader.readAsArrayBuffer(files[file].slice(from, to)));
  let told = performance.now();
  let read = 0;
  let packets = 0;
  const tell = () => {
    const now = performance.now();
    if (now - told >= OFTEN) {
      told = now;
      postMessage({ packets, read });
    }
  };
  const page = {
    read: (bytes) => {
      if (read > 0) collect();
      read += bytes;
      tell();
    },
    packets: (done) => {
      packets = done;
      tell();
    },
    give: (name, bytes) => postMessage({ name, bytes }, [bytes.buffer]),
  };
  try {
    answer(module, slice, page, request);
    postMessage({ over: true });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
