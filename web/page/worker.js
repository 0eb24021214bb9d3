// Reads files in pieces, away from the page: what is large never stands in its way, and ends when the page says so.
"use strict";

/** So often the page hears how far it is, in milliseconds. */
const OFTEN = 60;

onmessage = async ({ data: { module, files, request } }) => {
  // Where it can wait it does, and has one buffer filled again and again: what is left to a collector comes to a large part of the file. Between
  // two pieces the browser can end it.
  const streams = new Map();
  const next = async (file, from, to) => {
    let stream = streams.get(file);
    if (stream?.at !== from) {
      stream?.reader.cancel();
      stream = { at: from, reader: files[file].slice(from).stream().getReader({ mode: "byob" }), room: new ArrayBuffer(to - from) };
      streams.set(file, stream);
    }
    const { value } = await stream.reader.read(new Uint8Array(stream.room));
    stream.room = value.buffer;
    stream.at += value.length;
    return value;
  };
  const whole = (file, from, to) => new Uint8Array(new FileReaderSync().readAsArrayBuffer(files[file].slice(from, to)));
  const slice = WAITS ? next : whole;
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
    await answer(module, slice, page, request);
    postMessage({ over: true });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
};
