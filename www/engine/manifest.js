/**
 * The JSON files of an export, as lists the page works with. Pure: text in, plain values out.
 *
 * @typedef {{ axis: "obs", key: string, kind: "category", path: string, labels: string[], count: number | null, outliers?: string, palette?: string, names?: string }} CategoryField
 * `labels` are empty until they were read from `names`, where that is given; `count` is how many there are, null where that is not known before
 * @typedef {{ low: number, high: number, bits: number }} Steps what the whole numbers of a quantised file stand for
 * @typedef {{ axis: "obs", key: string, kind: "continuous", path: string, steps?: Steps }} NumberField
 * @typedef {{ axis: "var", key: string, kind: "continuous", path: string, steps?: Steps }} GeneField
 * @typedef {CategoryField | NumberField | GeneField} Field
 */
import { Fault } from "./fault.js";

/** Codes of so many labels are single bytes. */
const NARROW = 254;

/** The name that stands for a column or gene in paths. @param {string} name */
export function safe(name) {
  return name.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^[._]+|[._]+$/g, "") || "field";
}

/**
 * @param {ArrayBuffer} bytes
 * @param {string} file
 * @returns {any}
 */
export function parse(bytes, file) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new Fault({ code: "malformed", message: `not valid JSON: ${error instanceof Error ? error.message : error}`, file });
  }
}

/**
 * Dimensions that have points, with their files, smallest first.
 *
 * @param {{ embeddings: Array<{ dim: number, file: string }> }} description
 * @returns {Array<{ dimension: number, path: string }>}
 */
export function embeddings({ embeddings }) {
  return embeddings
    .filter(({ dim }) => dim >= 1 && dim <= 3)
    .sort((a, b) => a.dim - b.dim)
    .map(({ dim, file }) => ({ dimension: dim, path: file }));
}

/**
 * The columns of obs as the description tells them: what their labels are is asked for when they are shown, so that the first plot need
 * not wait for all columns.
 *
 * @param {{ obs: Array<{ key: string, kind: string, n_categories?: number | null }> }} description
 * @returns {Array<CategoryField | NumberField>}
 */
export function described({ obs }) {
  return obs.map(({ key, kind, n_categories: count = null }) => {
    const at = `obs/${safe(key)}`;
    if (kind === "continuous") return { axis: "obs", key, kind, path: `${at}.values.f32` };
    const codes = `${at}.codes.${(count ?? 0) > NARROW ? "u16" : "u8"}`;
    const beside = { outliers: `${at}.outliers.f32`, palette: `${at}.colors.json`, names: `${at}.labels.json` };
    return { axis: "obs", key, kind: "category", path: codes, labels: [], count, ...beside };
  });
}

/**
 * The columns of obs, in the order the identity gives (the manifest groups them by kind). A column whose file name is already taken
 * cannot be addressed: it goes to `hidden` rather than show another column's values under its name.
 *
 * @param {any} manifest
 * @param {string[]} order
 * @returns {{ fields: Array<CategoryField | NumberField>, hidden: string[] }}
 */
export function columns(manifest, order) {
  const schemas = manifest._obsSchemas ?? {};
  /** @type {Array<CategoryField | NumberField>} */
  const rows = [];
  for (const [key, low, high] of manifest._continuousFields ?? []) {
    const path = fill(schemas.continuous?.pathPattern ?? "obs/{key}.values.f32", key);
    rows.push({ axis: "obs", key, kind: "continuous", path, ...steps(schemas.continuous, low, high) });
  }
  for (const [key, labels, dtype] of manifest._categoricalFields ?? []) {
    const pattern = schemas.categorical?.codesPathPattern ?? "obs/{key}.codes.{ext}";
    const path = fill(pattern, key, dtype === "uint16" ? "u16" : "u8");
    const outliers = schemas.categorical?.outlierPathPattern && fill(schemas.categorical.outlierPathPattern, key);
    rows.push({
      axis: "obs",
      key,
      kind: "category",
      path,
      labels: labels.map(String),
      count: labels.length,
      ...(outliers && { outliers }),
    });
  }
  const place = new Map(order.map((key, index) => [key, index]));
  rows.sort((a, b) => (place.get(a.key) ?? Infinity) - (place.get(b.key) ?? Infinity));
  return unique(rows);
}

/**
 * The genes in file order, each once.
 *
 * @param {any} manifest
 * @returns {{ fields: GeneField[], hidden: string[] }}
 */
export function genes(manifest) {
  const pattern = manifest._varSchema?.pathPattern ?? "var/{key}.values.f32";
  /** @type {GeneField[]} */
  const rows = (manifest.fields ?? []).map((/** @type {[string, number?, number?]} */ [key, low, high]) => {
    return { axis: "var", key, kind: "continuous", path: fill(pattern, key), ...steps(manifest._varSchema, low, high) };
  });
  return unique(rows);
}

/**
 * @param {{ quantized?: boolean, quantizationBits?: number } | undefined} schema @param {number} [low] @param {number} [high]
 * @returns {{ steps?: Steps }}
 */
function steps(schema, low, high) {
  if (!schema?.quantized || low === undefined || high === undefined) return {};
  return { steps: { low, high, bits: schema.quantizationBits === 8 ? 8 : 16 } };
}

/** @param {string} pattern @param {string} key @param {string} [ext] */
function fill(pattern, key, ext = "") {
  return pattern.replace("{key}", () => safe(key)).replace("{ext}", ext);
}

/**
 * @template {Field} T
 * @param {T[]} rows
 */
function unique(rows) {
  /** @type {Map<string, string>} */
  const owner = new Map();
  /** @type {string[]} */
  const hidden = [];
  const fields = rows.filter(({ key }) => {
    const name = safe(key);
    const first = owner.get(name);
    if (first === undefined) owner.set(name, key);
    else if (first !== key) hidden.push(key);
    return first === undefined;
  });
  return { fields, hidden };
}
