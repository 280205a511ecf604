/** The golden messages, read by the page's bridge; tests/messages.rs and the Python tests read the same files. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pack, toBase64, unpack } from "../../www/bridge/cells.js";
import { Session } from "../../www/bridge/messages.js";

/** @param {string} name @returns {any} */
const golden = (name) => JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/messages", name), "utf8"));
const RELAY = /** @type {const} */ ({ kind: "relay", limit: 1 << 20 });
const PEERS = /** @type {const} */ ({ plain: { kind: "plain" }, strict: { kind: "strict" }, relay: RELAY });

/** @param {any} file @param {import("../../www/bridge/wire.js").Peer} peer */
function session(file, peer) {
  const nowhere = { location: "", origin: "", server: null, connected: false, parent: null, agent: "" };
  const made = new Session(file.viewer, peer, file.setting ?? nowhere);
  made.tick(file.now ?? 0);
  return made;
}

/** Typed arrays as lists, a custom command as it came. @param {any} value @returns {any} */
function flat(value) {
  const { type, name, fields, ...rest } = value;
  const whole = type === "custom" ? { type: name, ...fields } : value;
  const { cells } = rest;
  return ArrayBuffer.isView(cells) ? { ...whole, cells: Array.from(/** @type {Uint32Array} */ (cells)) } : whole;
}

/** @param {() => unknown} run @returns {any} */
function caught(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

const commands = golden("commands.json");
for (const one of commands.cases) {
  test(`command: ${one.name}`, () => {
    // As text and, where it can be one, as an object that came by structured clone.
    const forms = one.text === undefined ? [JSON.stringify(one.message), structuredClone(one.message)] : [one.text];
    for (const form of forms) {
      const viewer = session(commands, { kind: "plain" });
      if (one.refused) {
        assert.equal(caught(() => viewer.accept(form)).code, one.refused);
        assert.equal(viewer.counts.refused, 1);
        continue;
      }
      const steps = viewer.accept(form);
      assert.equal(steps.length, 1);
      const step = /** @type {any} */ (steps[0]);
      if (one.run) {
        assert.deepEqual(flat(step.run), one.run);
        assert.equal(step.seq, one.seq ?? null);
        assert.equal(viewer.counts.accepted, 1);
      } else if (one.reply) {
        const { reason, ...rest } = step.reply;
        for (const word of one.reason ?? []) assert.ok(reason.includes(word), reason);
        assert.deepEqual(rest, one.reply);
        assert.equal(viewer.counts.refused, one.reply.type === "command_error" ? 1 : 0);
      } else {
        assert.deepEqual(step, { ignore: one.ignore });
        assert.equal(viewer.counts.foreign, 1);
      }
    }
  });
}

const events = golden("events.json");
for (const one of events.cases) {
  test(`event: ${one.name}`, () => {
    for (const [name, peer] of Object.entries(PEERS)) {
      const viewer = session(events, peer);
      if (one[name]?.refused) {
        assert.equal(caught(() => viewer.announce(one.event)).code, one[name].refused, name);
        assert.equal(viewer.counts.withheld, 1);
        continue;
      }
      const sent = viewer.announce(one.event);
      assert.deepEqual(sent, one[name] ? [one[name]] : [], name);
      if (one[name]) assert.deepEqual(Object.keys(sent[0] ?? {}), Object.keys(one[name]), name);
    }
  });
}

/** @param {Array<[number, number, number]>} spans */
function rows(spans) {
  const list = [];
  for (const [from, to, step] of spans) for (let row = from; row < to; row += step) list.push(row);
  return Uint32Array.from(list);
}

const cells = golden("cells.json");
for (const one of cells.cases) {
  test(`cells: ${one.name}`, () => {
    const list = rows(one.rows);
    const packed = pack(list);
    if (one.packed) assert.deepEqual({ ...packed, data: toBase64(packed.data) }, one.packed);
    else assert.deepEqual([packed.coding, packed.data.length], [one.coding, one.size]);
    assert.deepEqual(unpack(packed), list);
    assert.deepEqual(unpack({ ...packed, data: toBase64(packed.data) }), list);
  });
}
for (const one of cells.broken) {
  test(`broken cells: ${one.name}`, () => assert.equal(caught(() => unpack(one.packed)).code, one.refused));
}
test("cells in any order, more than once", () => assert.deepEqual(pack([5, 1, 5, 2]), pack([1, 2, 5])));

const sequences = golden("sequences.json");
for (const one of sequences.cases) {
  test(`sequence: ${one.name}`, () => {
    const viewer = session(sequences, one.peer === "relay" ? RELAY : { kind: "plain" });
    /** @param {any[]} messages */
    const sent = (messages) => {
      const [message] = messages;
      if (!message) return null;
      const { viewerId, viewerToken, ...rest } = message;
      assert.equal(viewerId, sequences.viewer.viewerId);
      return rest;
    };
    for (const [at, step] of one.steps.entries()) {
      const place = `step ${at}`;
      if (step.at !== undefined) assert.deepEqual(sent(viewer.tick(step.at)), step.sends, place);
      else if (step.announce) assert.deepEqual(sent(viewer.announce(step.announce)), step.sends, place);
      else if (step.accept) {
        const given = viewer.accept({ ...step.accept, ...sequences.viewer }).map((/** @type {any} */ one) => {
          return one.run?.type ?? one.reply?.type ?? "ignore";
        });
        assert.deepEqual(given, step.gives, place);
      } else if (step.wakes !== undefined) assert.equal(viewer.wakes(), step.wakes, place);
      else if (step.unacknowledged) {
        assert.deepEqual(
          viewer.unacknowledged().map(({ seq }) => seq),
          step.unacknowledged,
          place,
        );
      } else
        for (const [name, count] of Object.entries(step.counts))
          assert.equal(/** @type {any} */ (viewer.counts)[name], count, name);
    }
  });
}

/** @param {number} most @param {(row: number) => boolean} keep */
const chosen = (most, keep) => Uint32Array.from({ length: most }, (_, row) => row).filter(keep);

test("a selection of a million cells takes at most 125 kB where bytes travel, and arrives whole", () => {
  let state = 1;
  const coin = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >= 2 ** 31;
  };
  const tossed = chosen(1e6, coin);
  assert.ok(tossed.length > 490_000 && tossed.length < 510_000);
  for (const list of [tossed, chosen(1e6, (row) => Math.floor(row / 700) % 3 > 0), chosen(1e6, () => true)]) {
    const viewer = session(events, { ...RELAY, binary: true });
    const messages = viewer.announce({ type: "selection", cells: list, source: "lasso" });
    assert.equal(messages.length, 1);
    const packed = /** @type {any} */ (messages[0]?.cells);
    assert.ok(packed.data.length <= 125_000, `${packed.data.length}`);
    assert.deepEqual(unpack(packed), list);
  }
});

test("a selection larger than a message goes in parts, each within the limit", () => {
  const list = chosen(300_000, (row) => (row * 2654435761) % 4294967296 < 2 ** 31);
  const viewer = session(events, { kind: "relay", limit: 4096 });
  const messages = viewer.announce({ type: "selection", cells: list, source: "lasso" });
  assert.ok(messages.length > 10);
  const found = messages.flatMap((message, at) => {
    assert.ok(JSON.stringify(message).length <= 4096);
    assert.deepEqual([message.part, message.parts, message.seq], [at, messages.length, at + 1]);
    assert.equal(message.type, at + 1 < messages.length ? "selection_part" : "selection");
    return Array.from(unpack(/** @type {any} */ (message.cells)));
  });
  assert.deepEqual(Uint32Array.from(found), list);
});

test("the reference's server gets the plain list up to one MiB, and no more", () => {
  const viewer = session(events, { kind: "plain" });
  const [message] = viewer.announce({ type: "selection", cells: chosen(249_000, (row) => row >= 100_000), source: "lasso" });
  const text = JSON.stringify(message);
  assert.ok(text.length < 1 << 20 && text.includes(",248999]"));
  const fault = caught(() => viewer.announce({ type: "selection", cells: chosen(1e6, () => true), source: "lasso" }));
  assert.equal(fault.code, "limit");
  assert.match(fault.message, /selection of 1000000 cells takes more than the 1048576 bytes/);
  assert.equal(viewer.counts.withheld, 1);
});

test("console lines are counted and cut", () => {
  const viewer = session(events, { kind: "plain" });
  const line = { type: "console", level: "warn", message: "é".repeat(5000), ts: "" };
  let sent = 0;
  for (let at = 0; at < 50; at++) sent += viewer.announce(line).length;
  assert.deepEqual([sent, viewer.counts.thinned], [20, 30]);
  const [later] = viewer.tick(events.now + 1000).concat(viewer.announce(line));
  assert.equal([...String(later?.message)].length, 4000);
});

test("numbered commands that are missing for too long are given up", () => {
  const viewer = session(sequences, RELAY);
  let run = 0;
  for (let seq = 10; seq < 75; seq++) {
    run += viewer.accept({ type: "freeze", ...sequences.viewer, seq }).filter((step) => "run" in step).length;
  }
  assert.deepEqual([run, viewer.counts.lost], [65, 9]);
  assert.deepEqual(viewer.accept({ type: "freeze", ...sequences.viewer, seq: 1 }), [{ ignore: "replayed" }]);
});

test("what is no message at all", () => {
  for (const data of [null, undefined, 4, true, [], new Uint8Array(4), "x".repeat(10), () => {}]) {
    const viewer = session(commands, { kind: "plain" });
    assert.equal(caught(() => viewer.accept(data)).code, "malformed");
    assert.equal(viewer.knows(data), false);
  }
  const viewer = session(commands, { kind: "plain" });
  assert.equal(caught(() => viewer.accept(" ".repeat((64 << 20) + 1))).code, "limit");
  assert.equal(viewer.counts.oversize, 1);
  assert.equal(viewer.knows(commands.viewer), true);
});
