/**
 * What is seen, as plain values: for sessions and for links. The cells themselves are not in it, only how they are looked at.
 *
 * @import { AnyField, State } from "./state.js"
 *
 * @typedef {{ axis: "obs" | "var" | "score", key: string, genes?: string[], by?: "mean" | "z" }} Name of a field
 * @typedef {ReturnType<typeof capture>} Captured
 */

/**
 * @param {AnyField} field
 * @returns {Name}
 */
export function name(field) {
  const { axis, key } = field;
  return field.axis === "score" ? { axis, key, genes: field.genes.map((gene) => gene.key), by: field.by } : { axis, key };
}

/** @param {State} state */
export function capture(state) {
  const { camera, colour, hidden, range, dimension, ramp, size, opacity, density, labels, edges, flow, muted } = state;
  return {
    camera: camera && { ...camera, target: camera.target.map(brief), reach: brief(camera.reach), home: brief(camera.home) },
    colour: colour?.field.key ?? null,
    axis: colour?.field.axis ?? null,
    field: colour && name(colour.field),
    dimension,
    layout: state.points?.key ?? "",
    hidden: [...hidden],
    range,
    ramp,
    size,
    opacity,
    density,
    labels,
    edges,
    flow,
    muted,
    filters: state.filters.map(({ on, colour, out, range, missing, outliers }) => {
      return { on, field: name(colour.field), out: out && [...out], range: range?.map(bounded), missing, most: outliers?.most };
    }),
    panes: state.panes.map(({ colour, hidden, range }) => ({ field: name(colour.field), hidden: [...hidden], range })),
    scatter: state.scatter && { ...state.scatter, fields: state.scatter.fields.map(name) },
    tones: state.tones,
    tips: state.tips.map(({ field }) => name(field)),
  };
}

/** Enough digits for a view. @param {number} value */
const brief = (value) => Number(value.toPrecision(7));
/** JSON has no infinity. @param {number} value */
const bounded = (value) => (Number.isFinite(value) ? value : null);
