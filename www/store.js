/**
 * One state value, patches, subscriptions by key. Subscribers run once per patch, after all keys have changed, in the order in which
 * they subscribed; a patch made by a subscriber is carried out after the present one.
 *
 * @import { State } from "./state.js"
 */

export class Store {
  /** @type {Array<{ keys: Array<keyof State>, run: (state: State) => void }>} */
  #subscribers = [];
  /** @type {Array<Partial<State>>} */
  #queue = [];
  #running = false;

  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /**
   * @param {Array<keyof State>} keys
   * @param {(state: State) => void} run
   * @returns {() => void} stops the subscription
   */
  subscribe(keys, run) {
    const subscriber = { keys, run };
    this.#subscribers.push(subscriber);
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
    };
  }

  /** @param {Partial<State>} change */
  patch(change) {
    this.#queue.push(change);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#apply(next);
    } finally {
      this.#running = false;
    }
  }

  /** @param {Partial<State>} change */
  #apply(change) {
    const before = this.state;
    const changed = new Set(
      /** @type {Array<keyof State>} */ (Object.keys(change)).filter((key) => !Object.is(before[key], change[key])),
    );
    if (changed.size === 0) return;
    this.state = { ...before, ...change };
    for (const { keys, run } of this.#subscribers) {
      if (keys.some((key) => changed.has(key))) run(this.state);
    }
  }
}

/** @returns {State} */
export function initial() {
  return {
    source: null,
    dataset: null,
    dimension: 0,
    points: null,
    wanted: null,
    colour: null,
    hidden: new Set(),
    range: [0, 1],
    camera: null,
    hover: null,
    clicked: null,
    selection: null,
    highlights: [],
    invisible: null,
    frozen: false,
    size: 1,
    opacity: 1,
    labels: false,
    busy: [],
    read: null,
    trouble: null,
    notice: "",
    graphics: "ready",
    theme: 0,
  };
}
