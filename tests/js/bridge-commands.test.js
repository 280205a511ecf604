/** Commands carried out on a real store, as far as no picture is needed; tests/page/bridge.test.js goes the whole way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { perform } from "../../www/bridge/commands.js";
import { initial, Store } from "../../www/store.js";

/** @param {string} key @param {"obs" | "var"} [axis] */
const field = (key, axis = "obs") => /** @type {any} */ ({ axis, key, kind: "continuous", path: key });

/** A store with a dataset of ten cells. */
function open() {
  const store = new Store(initial());
  const dataset = /** @type {any} */ ({
    cells: 10,
    fields: [field("depth"), field("CD3E")],
    genes: [field("CD3E", "var"), field("NKG7", "var")],
  });
  store.patch({
    dataset,
    points: { dimension: 2, coordinates: new Float32Array(20), drawn: new Float32Array(20), axes: 2, unplaced: 0 },
  });
  return store;
}

test("highlights add up, in order of rows, and are cleared", async () => {
  const store = open();
  await perform(store, { type: "highlight", cells: Uint32Array.of(5, 1, 5), color: "#ff0000" });
  await perform(store, { type: "highlight", cells: Uint32Array.of(9), color: "#0000ff" });
  await perform(store, { type: "highlight", cells: new Uint32Array(), color: "#0000ff" });
  const [first, second, third] = store.state.highlights;
  assert.deepEqual([[...(first?.cells ?? [])], first?.color, first?.label], [[1, 5], "#ff0000", "Python selection (2 cells)"]);
  assert.ok(second && second.id !== first?.id && !third);
  // What the person keeps is not the notebook's to remove.
  const own = { id: "group_1", type: "lasso", label: "Mine", color: "#00ff00", cells: Uint32Array.of(2) };
  store.patch({ highlights: [...store.state.highlights, own] });
  await perform(store, { type: "clearHighlights" });
  assert.deepEqual(store.state.highlights, [own]);
});

test("a cell that is not there is said, and nothing changes", async () => {
  const store = open();
  const wrong = { code: "request", message: /there is no cell 10: the dataset has 10/ };
  await assert.rejects(perform(store, { type: "highlight", cells: Uint32Array.of(1, 10), color: "#ff0000" }), wrong);
  await assert.rejects(perform(store, { type: "setVisibility", cells: Uint32Array.of(10), visible: false }), wrong);
  assert.deepEqual([store.state.highlights, store.state.invisible], [[], null]);
});

test("visibility of some, of all, and back", async () => {
  const store = open();
  const shown = () => (store.state.invisible ? [...store.state.invisible].join("") : null);
  await perform(store, { type: "setVisibility", cells: Uint32Array.of(0, 9), visible: false });
  assert.equal(shown(), "1000000001");
  await perform(store, { type: "setVisibility", cells: Uint32Array.of(9), visible: true });
  assert.equal(shown(), "1000000000");
  await perform(store, { type: "setVisibility", cells: Uint32Array.of(0), visible: true });
  assert.equal(shown(), null);
  await perform(store, { type: "setVisibility", cells: null, visible: false });
  assert.equal(shown(), "1111111111");
  await perform(store, { type: "setVisibility", cells: null, visible: true });
  assert.equal(shown(), null);
});

test("colouring ends when the colour is there; a column goes before a gene of the same name", async () => {
  const store = open();
  let done = false;
  const colouring = perform(store, { type: "setColorBy", field: "CD3E" }).then(() => {
    done = true;
  });
  await new Promise((next) => setTimeout(next));
  const { wanted } = store.state;
  assert.deepEqual([wanted?.axis, wanted?.key, done], ["obs", "CD3E", false]);
  store.patch({ colour: /** @type {any} */ ({ kind: "continuous", field: wanted }) });
  await colouring;
  const gene = perform(store, { type: "setColorBy", field: "NKG7" });
  await new Promise((next) => setTimeout(next));
  assert.equal(store.state.wanted?.axis, "var");
  // What the page does when a field cannot be read: back to what is shown, with the reason.
  const fault = Object.assign(new Error("truncated"), { code: "malformed" });
  store.patch({ wanted, trouble: /** @type {any} */ ({ fault, doing: "" }) });
  await assert.rejects(gene, /truncated/);
  await assert.rejects(perform(store, { type: "setColorBy", field: "typo" }), {
    code: "missing",
    message: /no column or gene named "typo"/,
  });
});

test("commands wait for the dataset, in order; a picture may be frozen without one", async () => {
  const store = new Store(initial());
  /** @type {string[]} */
  const over = [];
  const highlight = perform(store, { type: "highlight", cells: Uint32Array.of(3), color: "#ff0000" }).then(() =>
    over.push("highlight"),
  );
  const clear = perform(store, { type: "clearHighlights" }).then(() => over.push("clear"));
  await perform(store, { type: "freeze" });
  assert.deepEqual([store.state.frozen, over], [true, []]);
  const { dataset, points } = open().state;
  store.patch({ dataset, points });
  await Promise.all([highlight, clear]);
  assert.deepEqual([over, store.state.highlights], [["highlight", "clear"], []]);
  store.patch({ camera: /** @type {any} */ ({}) });
  await perform(store, { type: "resetCamera" });
  assert.equal(store.state.camera, null);
});
