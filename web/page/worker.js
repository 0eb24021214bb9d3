// Reads files in pieces, away from the page: what is large never stands in its way, and ends when the page says so.
"use strict";

/** So often the page hears how far it is, in milliseconds. */
const OFTEN = 60;

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
