/**
 * One state value, patches, subscriptions by key. Subscribers run once per patch, after all keys have changed, in the order in which
 * they subscribed; a patch made by a subscriber is carried out after the present one. Some keys have a history: changes to them can be
 * taken back and done again.
 *
 * @import { State } from "./state.js"
 */

/** What a person builds up step by step, and may want back. @type {Array<keyof State>} */
const KEPT = ["selection", "highlights", "filters", "sets"];
/** Most steps back. */
const STEPS = 100;

export class Store {
  /** @type {Array<{ keys: Array<keyof State>, run: (state: State) => void }>} */
  #subscribers = [];
  /** @type {Array<Partial<State>>} */
  #queue = [];
  #running = false;
  /** @type {Array<Partial<State>>} */
  #past = [];
  /** @type {Array<Partial<State>>} */
  #future = [];

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

  /**
   * For what comes late: its subscriptions, made in `join`, run once with the state as it is.
   *
   * @param {() => void} join
   */
  join(join) {
    const before = this.#subscribers;
    this.#subscribers = [...before];
    join();
    for (const one of this.#subscribers) if (!before.includes(one)) one.run(this.state);
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

  /** Takes back the last change of what has a history. */
  undo() {
    this.#travel(this.#past, this.#future);
  }

  /** Does again what was taken back last. */
  redo() {
    this.#travel(this.#future, this.#past);
  }

  /** Another dataset has no past. */
  forget() {
    this.#past = [];
    this.#future = [];
    this.patch({ history: { back: 0, forward: 0 } });
  }

  /** @param {Array<Partial<State>>} from @param {Array<Partial<State>>} to */
  #travel(from, to) {
    const step = from.pop();
    if (!step) return;
    to.push(Object.fromEntries(KEPT.map((key) => [key, this.state[key]])));
    this.patch({ ...step, history: { back: this.#past.length, forward: this.#future.length } });
  }

  /** @param {Partial<State>} given */
  #apply(given) {
    const before = this.state;
    let change = given;
    if (!given.history && KEPT.some((key) => key in given && !Object.is(before[key], given[key]))) {
      this.#past.push(Object.fromEntries(KEPT.map((key) => [key, before[key]])));
      if (this.#past.length > STEPS) this.#past.shift();
      this.#future = [];
      change = { ...given, history: { back: this.#past.length, forward: 0 } };
    }
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
    tool: "move",
    combine: "new",
    near: 50,
    outline: [],
    highlights: [],
    invisible: null,
    sets: [],
    filters: [],
    filtered: null,
    muted: true,
    history: { back: 0, forward: 0 },
    frozen: false,
    size: 1,
    opacity: 1,
    density: false,
    drawing: "auto",
    labels: false,
    ramp: { name: "standard", reverse: false, log: false },
    tones: {},
    panes: [],
    edges: false,
    flow: null,
    tips: [],
    recent: [],
    tab: "legend",
    busy: [],
    save: null,
    read: null,
    trouble: null,
    notice: "",
    graphics: "ready",
    theme: 0,
  };
}
