/** What a gene costs that goes through all of a matrix, said before it is read. */
import { Fault } from "./engine/fault.js";
import { size } from "./words.js";

/** @param {number} bytes @param {number | null} seconds at the speed seen so far, where that is known */
export function costly(bytes, seconds) {
  const time = seconds === null ? "" : `, ${duration(seconds)} at the present speed`;
  const fault = new Fault({
    code: "limit",
    message: `the genes of this file are stored by cell: the first one goes through all of the matrix, ${size(bytes)}${time}`,
    advice:
      "It can be stopped at any time, and after the first gene all others come at once, also in later visits. Whoever prepares the file can " +
      "spare everybody this by storing X by gene: adata.X = adata.X.tocsc() before it is written.",
  });
  fault.way = `Read ${size(bytes)}`;
  return fault;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min` : `about ${Math.round(seconds / 3600)} h`;
}
