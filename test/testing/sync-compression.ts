// The platform compresses on a thread, which a simulation cannot wait for; here the same formats are made at once.
import { gunzipSync, gzipSync } from 'node:zlib';

/** A stream that hands on all it got as one piece, made by `work`. */
function whole(work: (bytes: Uint8Array) => Uint8Array) {
  return class {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;

    constructor() {
      const parts: Uint8Array[] = [];
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
        transform: (part) => void parts.push(part),
        flush: (controller) => {
          controller.enqueue(Uint8Array.from(work(Buffer.concat(parts))));
        },
      });
      this.readable = readable;
      this.writable = writable;
    }
  };
}

/** Stand-ins for the globals of the same names. */
export const syncCompression = {
  CompressionStream: whole((bytes) => gzipSync(bytes)),
  DecompressionStream: whole((bytes) => gunzipSync(bytes)),
};
