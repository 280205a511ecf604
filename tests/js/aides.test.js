/** Workers that read for another: who is asked, and what happens when one does not start, does not answer, or is not needed any more. */
import assert from "node:assert/strict";
import test from "node:test";
import { Aides, aides } from "../../www/engine/aides.js";

/**
 * A worker that answers as `way` says.
 *
 * @param {{ asked: any[], hired: number, ended: number }} log
 * @param {"work" | "refuse" | "break" | "hang"} way
 */
function hand(log, way) {
  log.hired++;
  const target = new EventTarget();
  return /** @type {Worker} */ (
    /** @type {unknown} */ (
      Object.assign(target, {
        terminate: () => log.ended++,
        /** @param {any} ask */
        postMessage(ask) {
          const { id, ...asked } = structuredClone(ask);
          log.asked.push(asked);
          if (way === "hang") return;
          queueMicrotask(() => {
            if (way === "break")
              return target.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message: "no" }));
            const failed = { answer: "failed", id, failure: { code: "source", message: "gone" } };
            const done = { answer: "done", id, value: asked.ask === "aid" ? null : { start: asked.start } };
            target.dispatchEvent(new MessageEvent("message", { data: way === "refuse" ? failed : done }));
          });
        },
      })
    )
  );
}

const fresh = () => ({ asked: /** @type {any[]} */ ([]), hired: 0, ended: 0 });

test("all open the same, and take turns", async () => {
  const log = fresh();
  const team = new Aides(2, () => hand(log, "work"), "data.h5ad", { name: "data", beside: [] });
  assert.equal(log.hired, 0, "nobody is hired before there is work");
  const parts = await Promise.all([0, 10, 20, 30].map((start) => team.help("X", start, start + 10)));
  assert.deepEqual(parts, [{ start: 0 }, { start: 10 }, { start: 20 }, { start: 30 }]);
  const opened = log.asked.filter(({ ask }) => ask === "aid");
  assert.equal(opened.length, 2);
  assert.deepEqual(opened[0], { ask: "aid", from: "data.h5ad", options: { name: "data", prefetch: false, cache: false } });
  team.close();
  assert.equal(log.ended, 2);
});

test("they go when nothing is asked for, and come again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log = fresh();
  const team = new Aides(1, () => hand(log, "work"), "data.h5ad");
  await team.help("X", 0, 1);
  t.mock.timers.tick(1000);
  assert.equal(log.ended, 0);
  await team.help("X", 1, 2);
  t.mock.timers.tick(2000);
  assert.deepEqual([log.hired, log.ended], [1, 1]);
  assert.deepEqual(await team.help("X", 2, 3), { start: 2 });
  assert.deepEqual([log.hired, log.ended], [2, 1]);
});

for (const way of /** @type {const} */ (["refuse", "break"]))
  test(`one that cannot read is let go of, and not asked again: ${way}`, async () => {
    const log = fresh();
    const team = new Aides(2, () => hand(log, way), "data.h5ad");
    assert.deepEqual(await Promise.all([team.help("X", 0, 1), team.help("X", 1, 2)]), [null, null]);
    assert.equal(await team.help("X", 2, 3), null);
    assert.deepEqual([log.hired, log.ended], [2, 2]);
  });

test("one that never answers is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const log = fresh();
  const team = new Aides(1, () => hand(log, "hang"), "data.h5ad");
  const part = team.help("X", 0, 1);
  t.mock.timers.tick(120_000);
  assert.equal(await part, null);
  assert.equal(log.ended, 1);
});

test("what cannot be sent to a worker is read by the one that asks", async () => {
  const team = new Aides(1, () => hand(fresh(), "work"), /** @type {any} */ (() => {}), {});
  assert.equal(await team.help("X", 0, 1), null);
});

test("as many as pay", () => {
  assert.deepEqual([1, 2, 4, 8, 64].map(aides), [0, 1, 1, 3, 3]);
});
