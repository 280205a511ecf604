/** Tables as text, and text as files. */

/** @param {Array<Array<string | number>>} rows */
export function csv(rows) {
  return `${rows.map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

/** As spreadsheets read it: quoted where it has to be. @param {string | number} value */
function field(value) {
  const text = typeof value === "number" ? (Number.isFinite(value) ? String(value) : "") : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string} text @param {string} name @param {string} type */
export function saveText(text, name, type) {
  saveFile(new Blob([text], { type: `${type};charset=utf-8` }), name);
}

/** Hands a file to the browser to keep. @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[\\/:*?"<>|]+/g, "_");
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
