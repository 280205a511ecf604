/**
 * Many rows in few bytes: one bit per row, or runs of rows, whichever is smaller. A million of any million rows take 125,000 bytes.
 * The twin of src/protocol/cells.rs.
 *
 * @import { Packed } from "./wire.js"
 */
import { Fault } from "../engine/fault.js";

/** Up to this many rows go as a plain list, which everybody can read. */
export const FEW = 1024;
/** Most rows one message may name. */
export const MOST = 64 << 20;

/** Ascending, each once. @param {ArrayLike<number>} rows @returns {Uint32Array} */
export function ascending(rows) {
  const sorted = rows instanceof Uint32Array ? rows : Uint32Array.from(rows);
  let at = 1;
  while (at < sorted.length && num(sorted[at - 1]) < num(sorted[at])) at++;
  if (at >= sorted.length) return sorted;
  const copy = sorted.slice().sort();
  let kept = 0;
  for (const row of copy) if (kept === 0 || copy[kept - 1] !== row) copy[kept++] = row;
  return copy.subarray(0, kept);
}

/** @param {ArrayLike<number>} list @returns {{ coding: "bits" | "ranges", from: number, count: number, data: Uint8Array }} */
export function pack(list) {
  const rows = ascending(list);
  const count = rows.length;
  if (!count) return { coding: "ranges", from: 0, count, data: new Uint8Array() };
  const from = num(rows[0]);
  const bits = Math.floor((num(rows[count - 1]) - from) / 8) + 1;
  let ranges = 0;
  for (const value of runs(rows)) ranges += value < 128 ? 1 : Math.ceil(Math.log2(value + 1) / 7);
  if (ranges <= bits) {
    const data = new Uint8Array(ranges);
    let at = 0;
    for (const value of runs(rows)) at = put(data, at, value);
    return { coding: "ranges", from, count, data };
  }
  const data = new Uint8Array(bits);
  for (const row of rows) data[(row - from) >>> 3] = num(data[(row - from) >>> 3]) | (1 << ((row - from) & 7));
  return { coding: "bits", from, count, data };
}

/** Rows left out, rows taken, in turn. @param {Uint32Array} rows */
function* runs(rows) {
  let next = num(rows[0]);
  for (let at = 0; at < rows.length; ) {
    const first = num(rows[at]);
    let run = 1;
    while (at + run < rows.length && rows[at + run] === first + run) run++;
    yield first - next;
    yield run;
    next = first + run;
    at += run;
  }
}

/** @param {Packed} packed @returns {Uint32Array} */
export function unpack({ coding, from, count, data }) {
  if (coding !== "bits" && coding !== "ranges") throw fault("unsupported", `cells: coding "${coding}"`);
  for (const [name, number] of Object.entries({ from, count })) {
    if (!row(number)) throw fault("request", `cells: "${name}" is not a row number`);
  }
  const bytes = typeof data === "string" ? fromBase64(data) : data;
  if (!(bytes instanceof Uint8Array)) throw fault("malformed", "cells: the data is neither base64 nor bytes");
  if (count > MOST) throw fault("limit", `a list of ${count} rows exceeds the limit of ${MOST}`);
  const wrong = () => fault("malformed", `packed rows: the data does not hold ${count} rows from ${from} on`);
  if (coding === "bits") {
    // Counted first: memory is only taken for rows that are there.
    let set = 0;
    for (let byte of bytes) for (; byte; byte &= byte - 1) set++;
    const last = bytes.at(-1) ? from + bytes.length * 8 - Math.clz32(num(bytes.at(-1))) + 24 - 1 : from;
    if (set !== count || last > 0xffffffff) throw wrong();
    const rows = new Uint32Array(count);
    let at = 0;
    for (let place = 0; place < bytes.length; place++) {
      for (let left = num(bytes[place]); left; left &= left - 1) rows[at++] = from + place * 8 + 31 - Math.clz32(left & -left);
    }
    return rows;
  }
  const rows = new Uint32Array(count);
  const reader = { bytes, at: 0 };
  let [next, at] = [from, 0];
  while (reader.at < bytes.length) {
    const first = next + take(reader);
    const run = take(reader);
    next = first + run;
    if (run === 0 || run > count - at || next > 2 ** 32) throw wrong();
    for (let value = first; value < next; value++) rows[at++] = value;
  }
  if (at !== count) throw wrong();
  return rows;
}

/** A base-128 number, low digits first. @param {{ bytes: Uint8Array, at: number }} reader */
export function take(reader) {
  let value = 0;
  for (let digit = 0; digit < 10; digit++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw fault("malformed", "the bytes end within a number");
    // Inexact beyond 2^53, where every number is out of bounds anyway.
    value += (byte & 0x7f) * 2 ** (7 * digit);
    if (byte < 0x80) return value;
  }
  throw fault("malformed", "a number of more than ten bytes");
}

/** @param {Uint8Array} bytes @param {number} at @param {number} value @returns {number} where the next one goes */
export function put(bytes, at, value) {
  let [place, left] = [at, value];
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes[place++] = (left & 0x7f) | 0x80;
  bytes[place++] = left;
  return place;
}

/** Whether it can number a row. @param {unknown} value @returns {value is number} */
export const row = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffffffff;

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let text = "";
  // In blocks: a call takes so many arguments and no more.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** @param {string} text */
function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw fault("malformed", "cells: the data is not base64");
  }
}

/** @param {import("../engine/messages.js").Code} code @param {string} message */
export const fault = (code, message) => new Fault({ code, message });

/** An element that is known to be there. @param {number | undefined} value */
const num = (value) => /** @type {number} */ (value);
