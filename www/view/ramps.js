/**
 * Ramps for numbers. The standard one is our own, from faint to strong against the ground it lies on; the others are those that people
 * know from papers: viridis, magma and cividis of matplotlib (public domain), and a diverging one after ColorBrewer's RdBu.
 *
 * @typedef {"standard" | "viridis" | "magma" | "cividis" | "diverging"} RampName
 */

const split = (/** @type {string} */ stops) => stops.split(" ");

/** @type {Record<RampName, { label: string, light: string[], dark: string[] }>} */
export const RAMPS = {
  standard: {
    label: "Standard",
    light: split("e6e4ec c9d8e8 9cc6dd 62aecf 3690c0 2f6fb3 364fa0 3b2f83 35145a 24063a"),
    dark: split("2d3561 31568b 2f748e 2b8f8c 2caa83 4cc26c 7fd34e b5de2b e2e32f fdf3a0"),
  },
  viridis: same("Viridis", "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"),
  magma: same("Magma", "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf"),
  cividis: same("Cividis", "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838"),
  diverging: same("Diverging", "2166ac 4393c3 92c5de d1e5f0 f0f0f0 fddbc7 f4a582 d6604d b2182b"),
};

/** @param {string} label @param {string} stops */
function same(label, stops) {
  return { label, light: split(stops), dark: split(stops) };
}
