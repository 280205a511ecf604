/** Which entries of obsm cells could be placed by, beside those that the export draws. @import { Opened } from "./state.js" */

/** @param {Opened} dataset @returns {Array<{ key: string, columns: 2 | 3, all: number }>} how many columns are drawn, of how many */
export function others({ description: { obsm, embeddings, vector_fields: motions } }) {
  const taken = new Set([...embeddings.map(({ key }) => key), ...motions]);
  return obsm.flatMap(({ key, shape: [, all = 0, more] }) => {
    // What a vector field is called ends by its dimensions, or not.
    const motion = taken.has(key) || motions.some((id) => key.startsWith(`${id}_`));
    return motion || all < 2 || more !== undefined ? [] : [{ key, columns: all === 3 ? 3 : 2, all }];
  });
}
