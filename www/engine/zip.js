/**
 * Zip archives as they are written: stored, not compressed, of any size (ZIP64). Bytes go out in order, so that they can be streamed.
 * Pure: knows no files.
 */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let crc = ~0;
  for (let at = 0; at < bytes.length; at++)
    crc = (crc >>> 8) ^ /** @type {number} */ (TABLE[(crc ^ /** @type {number} */ (bytes[at])) & 255]);
  return ~crc >>> 0;
}

/** Largest number that the fields of a plain archive hold; larger ones are written beside it. */
const MOST = 0xffffffff;
/** Version that can read ZIP64. */
const VERSION = 45;
/** Names are UTF-8. */
const FLAGS = 0x800;
/** 1980-01-01: no file has a time of its own. */
const DATE = 33;

/** Numbers one after another, each with its width in bytes. @param {Array<[value: number, width: 2 | 4 | 8]>} fields */
function pack(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, width]) => sum + width, 0)));
  let at = 0;
  for (const [value, width] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

export class Zip {
  /** @type {Array<{ name: Uint8Array<ArrayBuffer>, crc: number, size: number, at: number }>} */
  #members = [];
  #at;

  /**
   * @param {(bytes: Uint8Array<ArrayBuffer>) => unknown} write may return a promise, which is waited for
   * @param {number} [at] bytes that stand before the archive in its file
   */
  constructor(write, at = 0) {
    this.write = write;
    this.#at = at;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  async #put(bytes) {
    await this.write(bytes);
    this.#at += bytes.length;
  }

  /** @param {string} path @param {Uint8Array<ArrayBuffer>} body below 4 GiB */
  async add(path, body) {
    const [name, crc, size, at] = [new TextEncoder().encode(path), crc32(body), body.length, this.#at];
    this.#members.push({ name, crc, size, at });
    await this.#put(
      pack([
        [0x04034b50, 4],
        [VERSION, 2],
        [FLAGS, 2],
        [0, 2],
        [0, 2],
        [DATE, 2],
        [crc, 4],
        [size, 4],
        [size, 4],
        [name.length, 2],
        [0, 2],
      ]),
    );
    await this.#put(name);
    await this.#put(body);
  }

  /** The directory; nothing can be added after it. */
  async end() {
    const start = this.#at;
    for (const { name, crc, size, at } of this.#members) {
      const far = at >= MOST;
      await this.#put(
        pack([
          [0x02014b50, 4],
          [VERSION, 2],
          [VERSION, 2],
          [FLAGS, 2],
          [0, 2],
          [0, 2],
          [DATE, 2],
          [crc, 4],
          [size, 4],
          [size, 4],
          [name.length, 2],
          [far ? 12 : 0, 2],
          [0, 2],
          [0, 2],
          [0, 2],
          [0, 4],
          [far ? MOST : at, 4],
        ]),
      );
      await this.#put(name);
      if (far)
        await this.#put(
          pack([
            [1, 2],
            [8, 2],
            [at, 8],
          ]),
        );
    }
    const [count, end] = [this.#members.length, this.#at];
    const large = count >= 0xffff || start >= MOST || end - start >= MOST;
    if (large) {
      await this.#put(
        pack([
          [0x06064b50, 4],
          [44, 8],
          [VERSION, 2],
          [VERSION, 2],
          [0, 4],
          [0, 4],
          [count, 8],
          [count, 8],
          [end - start, 8],
          [start, 8],
          [0x07064b50, 4],
          [0, 4],
          [end, 8],
          [1, 4],
        ]),
      );
    }
    await this.#put(
      pack([
        [0x06054b50, 4],
        [0, 2],
        [0, 2],
        [Math.min(count, 0xffff), 2],
        [Math.min(count, 0xffff), 2],
        [Math.min(end - start, MOST), 4],
        [Math.min(start, MOST), 4],
        [0, 2],
      ]),
    );
  }
}
