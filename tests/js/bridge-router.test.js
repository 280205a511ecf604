/** The router and the events endpoint, on the module itself and the golden messages. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Endpoint } from "../../www/bridge/endpoint.js";
import { borrow, lend } from "../../www/bridge/lend.js";
import { Router } from "../../www/bridge/router.js";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLE = readFileSync(join(ROOT, "www/sample/sample.h5ad"));
const text = new TextDecoder();

/** @type {any} */
let module;
/** @type {any} */
let dataset;
before(async () => {
  module = await import(join(ROOT, "pkg/cellucid.js"));
  await module.default({ module_or_path: readFileSync(join(ROOT, "pkg/cellucid_bg.wasm")) });
  dataset = await module.Dataset.open(SAMPLE, { name: "sample.h5ad" });
});

/** @param {Router} router @param {string} path @param {object} [more] */
async function ask(router, path, more) {
  const reply = await router.answer({ method: "GET", path, ...more });
  assert.ok(reply, `${path} is known`);
  return reply;
}
/** @param {import("../../www/bridge/router.js").Reply} reply */
const json = ({ body }) => JSON.parse(text.decode(/** @type {Uint8Array} */ (body)));

test("one dataset lies at the root and below its id", async () => {
  const router = new Router();
  const id = await router.add(dataset);
  assert.equal(router.place(id), "/");
  const { cells } = { cells: dataset.describe().n_obs };
  for (const place of ["/", `/${id}/`]) {
    const points = await ask(router, `${place}points_2d.bin`);
    assert.deepEqual([points.status, points.headers["Content-Length"]], [200, String(cells * 8)]);
    assert.equal(points.headers["Cache-Control"], "no-store");
  }
  const field = encodeURIComponent("cell_type");
  assert.equal((await ask(router, `/obs/${field}.codes.u8`)).status, 200);
  assert.deepEqual(json(await ask(router, "/_cellucid/datasets")), {
    datasets: [{ id: json(await ask(router, "/dataset_identity.json")).id, path: "/", name: "sample" }],
  });
  const health = json(await ask(router, "/_cellucid/health"));
  assert.deepEqual([health.status, health.type, health.n_cells], ["ok", "anndata", cells]);
  assert.equal(json(await ask(router, "/datasets.json")).version, 1);
});

test("several datasets lie below their ids, none at the root", async () => {
  const router = new Router();
  const first = await router.add(dataset, { id: "first" });
  const second = await router.add(dataset, { id: "a name / with: signs" });
  assert.deepEqual([first, second], ["first", "dataset-a-name-with-signs"]);
  assert.equal(router.knows("/points_2d.bin"), false);
  assert.equal((await ask(router, `/${second}/points_2d.bin`)).status, 200);
  const { datasets } = json(await ask(router, "/_cellucid/datasets"));
  assert.deepEqual(
    datasets.map((/** @type {any} */ { path }) => path),
    ["/first/", "/dataset-a-name-with-signs/"],
  );
  assert.deepEqual(
    [json(await ask(router, "/_cellucid/health")).type, json(await ask(router, "/datasets.json")).datasets[0].path],
    ["exported", "first/"],
  );
  router.remove("first");
  assert.equal(router.knows("/first/points_2d.bin"), false);
  assert.equal(router.knows("/points_2d.bin"), true);
});

test("what is not there is 404, what is none of ours is left alone", async () => {
  const router = new Router();
  assert.equal(router.knows("/dataset_identity.json"), false);
  assert.equal((await ask(router, "/_cellucid/health")).status, 404);
  await router.add(dataset);
  for (const path of [
    "/points_2d.bin.gz",
    "/points_1d.bin",
    "/obs/nothing.values.f32",
    "/var/nothing.values.f32",
    "/state-snapshots.json",
    "/vectors/x_2d.bin",
  ]) {
    assert.equal((await ask(router, path)).status, 404, path);
  }
  for (const path of [
    "/",
    "/index.html",
    "/assets/js/app.js",
    "/obs/deep/er.bin",
    "/other/points_2d.bin",
    "/points_2d.bin.exe",
    "/_cellucid/unheard",
    "/obs",
  ]) {
    assert.equal(await router.answer({ method: "GET", path }), null, path);
  }
});

test("one column's row of the manifest, at the root and below an id", async () => {
  const router = new Router();
  const id = await router.add(dataset);
  const whole = json(await ask(router, "/obs_manifest.json"));
  const row = whole._categoricalFields.find((/** @type {any[]} */ [key]) => key === "cell_type");
  for (const path of ["/_cellucid/obs/cell_type.json", `/${id}/_cellucid/obs/cell_type.json`]) {
    assert.ok(router.knows(path), path);
    const one = json(await ask(router, path));
    assert.deepEqual([one._categoricalFields, one._continuousFields], [[row], []]);
  }
  assert.equal((await ask(router, "/_cellucid/obs/nothing.json")).status, 404);
  assert.ok(!router.knows("/_cellucid/obs/a/b.json"));
});

test("HEAD, ranges, other methods", async () => {
  const router = new Router();
  await router.add(dataset);
  const whole = await ask(router, "/points_2d.bin");
  const head = await ask(router, "/points_2d.bin", { method: "HEAD" });
  assert.deepEqual([head.body, head.headers], [null, whole.headers]);
  const bytes = /** @type {Uint8Array} */ (whole.body);
  for (const [range, from, to] of /** @type {const} */ ([
    ["bytes=0-0", 0, 1],
    ["bytes=8-15", 8, 16],
    ["bytes=-4", bytes.length - 4, bytes.length],
    [`bytes=${bytes.length - 2}-${bytes.length + 50}`, bytes.length - 2, bytes.length],
  ])) {
    const part = await ask(router, "/points_2d.bin", { range });
    assert.deepEqual([part.status, part.headers["Content-Range"]], [206, `bytes ${from}-${to - 1}/${bytes.length}`]);
    assert.deepEqual(part.body, bytes.subarray(from, to));
  }
  assert.equal((await ask(router, "/points_2d.bin", { range: `bytes=${bytes.length}-` })).status, 416);
  assert.equal((await ask(router, "/points_2d.bin", { range: "bytes=0-1,4-5" })).status, 200, "several ranges: the whole");
  assert.equal((await ask(router, "/points_2d.bin", { method: "DELETE" })).status, 405);
  assert.equal((await ask(router, "/points_2d.bin", { method: "POST" })).status, 404);
  assert.equal((await ask(router, "/points_2d.bin", { method: "OPTIONS" })).status, 204);
});

test("a dataset that was closed is an error, not a missing file", async () => {
  const router = new Router();
  const other = await module.Dataset.open(SAMPLE, { name: "sample.h5ad" });
  await router.add(other);
  other.close();
  const reply = await ask(router, "/points_2d.bin");
  assert.equal(reply.status, 500);
  assert.match(text.decode(/** @type {Uint8Array} */ (reply.body)), /closed/);
});

test("a dataset is lent over a port, with its errors", async () => {
  const { port1, port2 } = new MessageChannel();
  lend(dataset, /** @type {any} */ (port1));
  const lent = borrow(/** @type {any} */ (port2));
  assert.deepEqual(new Uint8Array(await lent.read("points_2d.bin")), await dataset.read("points_2d.bin"));
  await assert.rejects(lent.read("points_9d.bin"), { name: "Fault", code: "missing", message: /points_9d\.bin/ });
  const router = new Router();
  await router.add(lent);
  assert.equal((await ask(router, "/obs_manifest.json")).status, 200);
  port1.close();
});

test("the events endpoint answers as the golden messages say", () => {
  const golden = JSON.parse(readFileSync(join(ROOT, "tests/fixtures/messages/endpoint.json"), "utf8"));
  const endpoint = new Endpoint();
  /** @type {any[]} */
  let heard = [];
  for (const { viewerId, viewerToken, lenient } of golden.viewers) {
    endpoint.admit(viewerId, viewerToken, { event: (event) => heard.push([viewerId, event]) }, lenient);
  }
  let refused = 0;
  for (const { name, renew, body, text: raw, status, json, error, event } of golden.cases) {
    if (renew) assert.equal(endpoint.renew(renew.viewerId, renew.viewerToken), renew.renewed, name);
    heard = [];
    const answer = endpoint.events(new TextEncoder().encode(raw ?? JSON.stringify(body)));
    assert.equal(answer.status, status, name);
    if (json) assert.deepEqual(JSON.parse(answer.body), json, name);
    if (error) {
      const { status, message } = JSON.parse(answer.body);
      assert.equal(status, "error", name);
      assert.ok(message.includes(error), `${name}: ${message}`);
    }
    const found = heard.map(([id, { cells, ...rest }]) => [id, cells ? { ...rest, cells: Array.from(cells) } : rest]);
    assert.deepEqual(found, event ? [[body.viewerId, event]] : [], name);
    refused += json?.delivered === true ? 0 : 1;
  }
  assert.equal(endpoint.refused, refused);
  assert.equal(endpoint.events(new Uint8Array((1 << 20) + 1)).status, 413);
  endpoint.dismiss("1111111111111111");
  assert.match(endpoint.events(new TextEncoder().encode('{"type":"ready","viewerId":"1111111111111111"}')).body, /not_found/);
});

test("a page that is loaded again behind the router counts from 1 and is heard", async () => {
  const router = new Router();
  /** @type {any[]} */
  const heard = [];
  router.endpoint.admit("v", "t", { event: (event) => heard.push(event.type) });
  const send = async (/** @type {number} */ seq) => {
    const body = new TextEncoder().encode(JSON.stringify({ type: "ready", viewerId: "v", viewerToken: "t", seq }));
    await ask(router, "/_cellucid/events", { method: "POST", body });
  };
  for (const search of ["?viewerId=v&viewerToken=t", "?viewerId=v&viewerToken=wrong"]) {
    const about = json(await ask(router, "/_cellucid/relay", { search }));
    assert.deepEqual(about, { relay: "cellucid-wasm", limit: 1 << 20, commands: false });
    await send(1);
  }
  assert.equal(heard.length, 1, "the second page had no right to begin anew");
  await ask(router, "/_cellucid/relay", { search: "?viewerId=v&viewerToken=t" });
  await send(1);
  assert.equal(heard.length, 2);
});

test("a session bundle is taken once, if it was asked for and is one", () => {
  const endpoint = new Endpoint();
  /** @type {any[]} */
  const heard = [];
  const last = () => heard.at(-1);
  endpoint.admit("v", "t", { event: (event) => heard.push(event), bundle: (id, bytes) => heard.push([id, bytes.length]) });
  const query = new URLSearchParams({ viewerId: "v", requestId: "r" });
  const bundle = new TextEncoder().encode("CELLUCID_SESSION\nrest");
  assert.match(endpoint.upload(new URLSearchParams({ viewerId: "v" }), bundle).body, /Missing viewerId\/requestId/);
  assert.equal(endpoint.upload(query, bundle).status, 404);
  endpoint.expect("v", "r");
  assert.deepEqual(JSON.parse(endpoint.upload(query, bundle).body), { status: "ok", bytes: 21 });
  assert.deepEqual(heard, [["r", 21], { type: "session_bundle", requestId: "r", status: "ok", bytes: 21 }]);
  assert.equal(endpoint.upload(query, bundle).status, 404, "used up");
  endpoint.expect("v", "r");
  assert.equal(endpoint.upload(query, new TextEncoder().encode("something else")).status, 500);
  assert.equal(last().status, "error");
  endpoint.expect("v", "r");
  assert.equal(endpoint.upload(query, new Uint8Array()).status, 411);
  endpoint.expect("v", "r", -1);
  assert.equal(endpoint.upload(query, bundle).status, 404, "too late");
});
