/** Finding names in long lists: exact first, then those that begin with the text, then those with a word that does, then the rest. */

/**
 * An index over names; searching it scans all of them, which takes a few milliseconds for sixty thousand.
 *
 * @param {string[]} names
 */
export function index(names) {
  const lower = names.map((name) => name.toLowerCase());
  /**
   * @param {string} text
   * @returns {number[]} places in `names`, best first; all of them in their order when there is no text
   */
  return function find(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return names.map((_, at) => at);
    /** @type {[number[], number[], number[], number[]]} */
    const ranks = [[], [], [], []];
    for (let at = 0; at < lower.length; at++) {
      const name = /** @type {string} */ (lower[at]);
      const place = name.indexOf(wanted);
      if (place < 0) continue;
      const word = place > 0 && /[^a-z0-9]/.test(name[place - 1] ?? "");
      ranks[name === wanted ? 0 : place === 0 ? 1 : word ? 2 : 3].push(at);
    }
    const [exact, begins, words, rest] = ranks;
    begins.sort((a, b) => (lower[a]?.length ?? 0) - (lower[b]?.length ?? 0) || a - b);
    return [...exact, ...begins, ...words, ...rest];
  };
}
