/** JupyterLab, from the cell to the picture and back. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { drawn, jupyter, launch, open, ROOT, select, state, until, wait } from "./notebook.js";

const SAMPLE = `${ROOT}/www/sample/sample.h5ad`;
const SHOW = `from cellucid_relay import show, show_anndata
viewer = show_anndata(${JSON.stringify(SAMPLE)})`;

describe("JupyterLab", { timeout: 900_000 }, () => {
  /** @type {Awaited<ReturnType<typeof jupyter>>} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([jupyter("lab"), launch()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  let count = 0;
  /** @param {string[]} cells */
  const notebook = async (...cells) => {
    const opened = await open(browser, server, cells, `n${count++}.ipynb`);
    await opened.runAll();
    return opened;
  };
  /** @param {Awaited<ReturnType<typeof notebook>>} opened */
  const close = async (opened) => {
    await opened.close();
    assert.deepEqual(opened.errors, []);
  };

  test("a file on the kernel's disk is drawn, and Python hears of it", async () => {
    const opened = await notebook(SHOW);
    const frame = await opened.viewer();
    const facts = await frame.evaluate(() => {
      const { dataset, colour } = /** @type {any} */ (window).cellucid.store.state;
      return { cells: dataset.cells, key: colour.field.key, counts: [...colour.counts] };
    });
    assert.equal(facts.cells, 5000);
    const code = `import anndata; a = anndata.read_h5ad(${JSON.stringify(SAMPLE)}, backed="r")
print(list(map(int, a.obs[${JSON.stringify(facts.key)}].cat.codes.value_counts().sort_index())))`;
    assert.deepEqual(JSON.parse(await opened.run(code)), facts.counts);
    assert.equal(await opened.run("print(viewer.wait_for_ready(1))"), "{'n_cells': 5000, 'dimensions': 2}");
    assert.ok((await drawn(frame)) > 2000, "points are on the screen");
    // Only part of the file was read.
    const read = Number(await opened.run("print(viewer.debug_connection()['read']['bytes'])"));
    assert.ok(read < 1_000_000, `${read} bytes of 1.8 MB`);
    await opened.shoot("notebook-lab");
    await close(opened);
  });

  test("commands take effect, and what cannot be done is an error in the cell", async () => {
    const opened = await notebook(SHOW);
    const frame = await opened.viewer();
    const before = await drawn(frame);
    assert.equal(await opened.run("viewer.set_color_by('leiden')"), "");
    assert.equal(await state(frame, ({ colour }) => colour.field.key), "leiden");
    await opened.run("viewer.highlight_cells([1, 2, 3], '#00ff00')");
    await opened.run("import numpy as np\nviewer.highlight_cells(np.arange(5000) % 2 == 0)");
    const groups = await state(frame, ({ highlights }) =>
      highlights.map((/** @type {any} */ one) => [one.color, one.cells.length]),
    );
    assert.deepEqual(groups, [
      ["#00ff00", 3],
      ["#ff0000", 2500],
    ]);
    await opened.shoot("notebook-highlight");
    await opened.run("viewer.clear_highlights(); viewer.set_visibility(range(4000), False)");
    assert.deepEqual(
      await state(frame, ({ highlights, invisible }) => [
        highlights.length,
        invisible.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b),
      ]),
      [0, 4000],
    );
    await opened.page.waitForTimeout(500);
    const after = await drawn(frame);
    await opened.shoot("notebook-hidden");
    assert.ok(after < before * 0.75, `${after} of ${before} pixels`);
    await opened.run("viewer.set_visibility(); viewer.reset_view()");
    assert.equal(await state(frame, ({ invisible }) => invisible), null);
    const wrong = (/** @type {string} */ call) =>
      opened.run(`try: ${call}\nexcept Exception as error: print(type(error).__name__, error)`);
    assert.match(await wrong("viewer.set_color_by('typo')"), /^CommandError setColorBy: .*typo/);
    assert.match(await wrong("viewer.highlight_cells([5000])"), /^IndexError .*5000/);
    assert.match(await wrong("viewer.send_message({'type': 'highlight', 'cells': [5000]})"), /^CommandError highlight: .*5000/);
    await close(opened);
  });

  test("hooks are given the cells that were selected, a million whole", async () => {
    const opened = await notebook(`${SHOW}
heard = []
@viewer.on_selection
def selected(event): heard.append(event)
@viewer.on_click
def clicked(event): heard.append(event)`);
    const frame = await opened.viewer();
    await select(frame, [3, 1, 4999], "lasso");
    await until(async () => (await opened.run("print(len(heard))")) === "1");
    assert.equal(await opened.run("print(heard[0])"), "{'cells': [3, 1, 4999], 'source': 'lasso'}");
    await frame.evaluate(() => {
      const cells = Uint32Array.from({ length: 1_000_000 }, (_, at) => at * 3);
      /** @type {any} */ (window).cellucid.store.patch({ selection: { cells, source: "range" } });
    });
    await until(async () => (await opened.run("print(len(heard))")) === "2");
    assert.equal(await opened.run("print(heard[1]['cells'] == list(range(0, 3_000_000, 3)))"), "True");
    await frame.evaluate(() => /** @type {any} */ (window).cellucid.store.patch({ selection: null }));
    await frame.locator("#plot").click({ position: { x: 120, y: 200 } });
    const [cell] = await state(frame, ({ clicked }) => [clicked?.cell ?? null]);
    if (cell !== null) {
      await until(async () => (await opened.run("print(heard[-1].get('cell'))")) === String(cell));
    }
    await close(opened);
  });

  test("a lasso in the page: the hook is called with the cells inside, and they are those of the AnnData", async () => {
    const opened = await notebook(`import anndata
from cellucid_relay import show_anndata
adata = anndata.read_h5ad(${JSON.stringify(SAMPLE)})
viewer = show_anndata(adata)
parts = []
@viewer.on_selection
def selected(event): parts.append((event["source"], adata[event["cells"]]))`);
    const frame = await opened.viewer();
    await frame.getByTitle("Lasso (L)").click();
    const box = await frame.locator("#plot").boundingBox();
    assert.ok(box);
    // Around a rectangle of the screen, hand over hand.
    const [left, right, top, bottom] = [0.35, 0.65, 0.4, 0.7];
    const corners = /** @type {Array<[number, number]>} */ ([
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
      [left, top + 0.01],
    ]);
    const at = (/** @type {[number, number]} */ [x, y]) =>
      /** @type {[number, number]} */ ([box.x + x * box.width, box.y + y * box.height]);
    await opened.page.mouse.move(...at([left, top]));
    await opened.page.mouse.down();
    for (const corner of corners) await opened.page.mouse.move(...at(corner), { steps: 12 });
    await opened.page.mouse.up();
    await until(async () => (await opened.run("print(len(parts))")) === "1");
    // A rectangle of the screen is one of the embedding: nothing inside its bounds was left out, nothing outside was taken.
    const code = `source, part = parts[0]
key = "X_umap_2d" if "X_umap_2d" in adata.obsm else "X_umap"
places, mine = adata.obsm[key][:, :2], part.obsm[key][:, :2]
low, high = mine.min(axis=0), mine.max(axis=0)
inside = ((places >= low) & (places <= high)).all(axis=1)
print(source, part.n_obs == int(inside.sum()), 100 < part.n_obs < 4900, set(part.obs_names) == set(adata.obs_names[inside]))`;
    assert.equal(await opened.run(code), "lasso True True True");
    await opened.shoot("notebook-lasso");
    await close(opened);
  });

  test("data and events come through while a cell runs", async () => {
    const opened = await notebook(SHOW, "import time\ntime.sleep(120)");
    const frame = await opened.viewer();
    const { key } = await state(frame, ({ dataset }) => dataset.genes[3]);
    await frame.evaluate((key) => {
      const { store } = /** @type {any} */ (window).cellucid;
      store.patch({ wanted: store.state.dataset.genes.find((/** @type {any} */ one) => one.key === key) });
    }, key);
    await wait(frame, (key) => /** @type {any} */ (window).cellucid.store.state.colour?.field.key === key, key, 4000);
    assert.equal(await opened.page.locator(".jp-InputPrompt").nth(1).textContent(), "[*]:");
    await opened.page.evaluate(() =>
      /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt(),
    );
    await close(opened);
  });

  test("a cell waits for an event, after a command in the same cell", async () => {
    const opened = await notebook(
      `${SHOW}\nviewer.wait_for_ready(30)\nviewer.set_color_by("phase")\nprint("waiting", flush=True)\nprint(viewer.wait_for_event("selection", 30)["cells"])`,
    );
    const frame = await opened.viewer();
    const said = opened.page.locator(".jp-OutputArea-output pre");
    await said.getByText("waiting").waitFor();
    await select(frame, [7, 8], "knn");
    await said.getByText("[7, 8]").waitFor({ timeout: 5000 });
    await close(opened);
  });

  test("two views of a viewer are told the same; a view that opens later catches up", async () => {
    const opened = await notebook(
      SHOW,
      "viewer.wait_for_ready()\nviewer.set_color_by('lineage')\nviewer.highlight_cells([5])",
      "viewer.display()",
    );
    const second = await opened.viewer(1);
    const caught = () => {
      const { colour, highlights } = /** @type {any} */ (window).cellucid.store.state;
      return colour.field.key === "lineage" && highlights.length === 1;
    };
    await wait(second, caught, null);
    await opened.run("viewer.set_color_by('phase')");
    for (const at of [0, 1]) assert.equal(await state(await opened.viewer(at), ({ colour }) => colour.field.key), "phase");
    await close(opened);
  });

  test("the page is loaded again: the viewer comes back as it was", async () => {
    const opened = await notebook(SHOW);
    await opened.viewer();
    await opened.run("viewer.set_color_by('lineage')");
    await opened.command("docmanager:save");
    await opened.load();
    const frame = await opened.viewer();
    await wait(frame, () => /** @type {any} */ (window).cellucid.store.state.colour.field.key === "lineage", null);
    await close(opened);
  });

  test("what is saved: a note and a picture, no secrets; the picture is there without a kernel", async () => {
    const opened = await notebook(`${SHOW}\nviewer.set_color_by("cell_type")`);
    await opened.viewer();
    const still = opened.page.locator("[data-cellucid-still]");
    await still.locator("img").waitFor({ state: "attached", timeout: 20_000 });
    assert.ok(await still.isHidden(), "the viewer itself is what is seen");
    await opened.command("docmanager:save");
    const text = readFileSync(`${server.work}/${opened.name}`, "utf8");
    assert.ok(text.length < 400_000, `${text.length} characters`);
    assert.ok(!/viewerToken|_esm|srcdoc/.test(text));
    const outputs = JSON.parse(text).cells[0].outputs.map((/** @type {any} */ one) => Object.keys(one.data ?? {}).sort());
    assert.deepEqual(outputs, [
      ["text/html", "text/plain"],
      ["application/vnd.jupyter.widget-view+json", "text/plain"],
    ]);
    await opened.page.evaluate(async () => {
      await /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.shutdown();
    });
    await opened.load();
    const image = opened.page.locator("[data-cellucid-still] img");
    await image.waitFor({ state: "visible", timeout: 20_000 });
    const found = await image.evaluate(async (/** @type {HTMLImageElement} */ image) => {
      await image.decode();
      const pen = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
      pen?.drawImage(image, 0, 0);
      const pixels = new Uint32Array(
        pen?.getImageData(0, 0, image.naturalWidth, image.naturalHeight).data.buffer ?? new ArrayBuffer(0),
      );
      return { width: image.naturalWidth, colours: new Set(pixels).size };
    });
    assert.ok(found.width > 300 && found.colours > 500, JSON.stringify(found));
    await opened.shoot("notebook-reopened");
    await opened.close();
  });

  test("a connection that drops with reads on their way loses nothing", async () => {
    const opened = await notebook(SHOW);
    const frame = await opened.viewer();
    const done = frame.evaluate(async () => {
      const { store } = /** @type {any} */ (window).cellucid;
      for (const gene of store.state.dataset.genes.slice(20, 26)) {
        store.patch({ wanted: gene });
        await new Promise((done) => {
          const stop = store.subscribe(["colour"], (/** @type {any} */ { colour }) => {
            if (colour.field !== gene) return;
            stop();
            done(null);
          });
        });
      }
      store.patch({ selection: { cells: Uint32Array.of(1, 2), source: "lasso" } });
      return store.state.trouble;
    });
    for (let drop = 0; drop < 3; drop++) {
      await opened.page.waitForTimeout(150);
      await opened.page.evaluate(() => {
        const { kernel } = /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.session;
        kernel._ws?.close();
      });
    }
    assert.equal(await done, null);
    await until(async () => (await opened.run("print(viewer.state.selection)")).includes("[1, 2]"), 30_000);
    await opened.close();
  });

  test("a restarted kernel is said to be gone", async () => {
    const opened = await notebook(SHOW);
    await opened.viewer();
    await opened.page.evaluate(async () => {
      await /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart();
    });
    await opened.page.getByText("Run the cell again").first().waitFor({ timeout: 15_000 });
    await opened.runAll();
    await opened.viewer();
    await opened.close();
  });

  test("a stopped viewer keeps its picture", async () => {
    const opened = await notebook(SHOW);
    const frame = await opened.viewer();
    await opened.run("viewer.stop()");
    await wait(frame, () => /** @type {any} */ (window).cellucid.store.state.frozen, null);
    assert.ok((await drawn(frame)) > 2000);
    await close(opened);
  });

  test("stores, folders, objects in memory and web addresses", async () => {
    const opened = await notebook(
      `from cellucid_relay import show, show_anndata\nstore = show(${JSON.stringify(`${ROOT}/www/sample/sample.zarr`)})`,
      `import anndata\nadata = anndata.read_h5ad(${JSON.stringify(SAMPLE)})\nadata.obs["mine"] = (adata.obs.n_counts > 1000).map({True: "many", False: "few"}).astype("category")\nobject = show_anndata(adata)`,
    );
    for (const at of [0, 1]) {
      const frame = await opened.viewer(at);
      assert.equal(await state(frame, ({ dataset }) => dataset.cells), 5000);
    }
    assert.equal(await opened.run("object.set_color_by('mine'); print('done')"), "done");
    const gene = await opened.run("object.set_color_by(adata.var_names[17]); print(float(adata.X[:, 17].max()))");
    const most = await state(await opened.viewer(1), ({ colour }) =>
      colour.values.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b)),
    );
    assert.ok(Math.abs(Number(gene) - most) < 1e-5, `${gene} ${most}`);
    await opened.shoot("notebook-object");
    // The first is out of sight: nothing of it is drawn, and it does what it is told.
    const look = (/** @type {number} */ at) =>
      opened.page
        .locator('iframe[title="Cellucid"]')
        .nth(at)
        .evaluate((frame) => frame.scrollIntoView({ block: "start" }));
    await look(1);
    const unseen = (await opened.viewer(0)).evaluate(
      async () =>
        await Promise.race([
          new Promise((done) => requestAnimationFrame(() => done(false))),
          new Promise((done) => setTimeout(done, 500, true)),
        ]),
    );
    assert.ok(await unseen);
    assert.equal(await opened.run("store.set_color_by('phase'); print(store.wait_for_ready(1)['n_cells'])"), "5000");
    assert.equal(await state(await opened.viewer(0), ({ colour }) => colour.field.key), "phase");
    await look(0);
    assert.ok((await drawn(await opened.viewer(0))) > 2000);
    await close(opened);
  });

  test("a file that leads to others reads them where it may, and says so where it may not", async () => {
    const [file, whole] = ["linked", "whole"].map((name) => JSON.stringify(`${ROOT}/build/beside/${name}.h5ad`));
    const opened = await notebook(
      `from cellucid_relay import show_anndata\nviewer = show_anndata(${file}, beside=True)`,
      `refused = show_anndata(${file})`,
    );
    const frame = await opened.viewer();
    const truth = await opened.run(`import anndata, json
viewer.set_color_by("gene3")
a = anndata.read_h5ad(${whole})
gene = a.X[:, a.var_names.get_loc("gene3")]
print(json.dumps((gene.toarray() if hasattr(gene, "toarray") else gene).ravel().astype("f4").tolist()))`);
    assert.deepEqual(await state(frame, ({ colour }) => [...colour.values]), JSON.parse(truth));
    const other = await until(async () => (await opened.frames())[1], 60_000);
    const words = await until(
      () => state(other, ({ trouble }) => trouble && `${trouble.fault.message} ${trouble.fault.advice}`).catch(() => ""),
      60_000,
    );
    assert.match(words, /parts\/points 0\.h5" is wanted.*was not allowed to be read.*beside=True/);
    opened.errors.length = 0;
    await close(opened);
  });

  test("a session bundle becomes columns of an AnnData", async () => {
    const opened = await notebook(SHOW);
    await opened.viewer();
    await opened.run("viewer.highlight_cells([10, 20, 30])");
    const code = `import anndata
adata = viewer.apply_session_to_anndata(anndata.read_h5ad(${JSON.stringify(SAMPLE)}))
print([(name, list(map(int, adata.obs[name].to_numpy().nonzero()[0]))) for name in adata.obs if name.startswith("cellucid_highlight")])`;
    assert.match(await opened.run(code), /^\[\('cellucid_highlight__\w+', \[10, 20, 30\]\)\]$/);
    await close(opened);
  });

  test("nothing listens but what the kernel itself listens on", async () => {
    const opened = await notebook("import os, socket");
    // What this process has open among the sockets that listen, by the system's own account.
    const code = `
held = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{fd}")}
rows = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}").readlines()[1:]]
print(sorted(row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in held))`;
    await until(async () => (await opened.run("print('os' in globals())")) === "True");
    const before = await opened.run(code);
    assert.ok(before.length > 2, "the kernel listens for the notebook server");
    await opened.run(`${SHOW}\nimport anndata\nother = show_anndata(anndata.read_h5ad(${JSON.stringify(SAMPLE)}))`);
    assert.equal(await opened.run(code), before);
    await close(opened);
  });

  test("no message to the kernel comes near what closes connections, however much is selected", async () => {
    const opened = await open(browser, server, [SHOW], `n${count++}.ipynb`);
    /** @type {number[]} */
    const sizes = [];
    opened.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sizes.push(payload.length)));
    await opened.load();
    await opened.runAll();
    const frame = await opened.viewer();
    // Any half of a million cells.
    sizes.length = 0;
    const half = await frame.evaluate(() => {
      const cells = Uint32Array.from({ length: 1_000_000 }, (_, at) => at).filter(() => Math.random() < 0.5);
      /** @type {any} */ (window).cellucid.store.patch({ selection: { cells, source: "lasso" } });
      return cells.length;
    });
    await until(async () => (await opened.run("print(len((viewer.state.selection or {}).get('cells', ())))")) === String(half));
    assert.ok(Math.max(...sizes) > 100_000 && Math.max(...sizes) < 126_500, `${Math.max(...sizes)} bytes, envelope and all`);
    // Every other one of 48 million: 6 MB as bits.
    await frame.evaluate(() => {
      const cells = new Uint32Array(24_000_000).map((_, at) => 2 * at);
      /** @type {any} */ (window).cellucid.store.patch({ selection: { cells, source: "range" } });
    });
    await until(
      async () => (await opened.run("print(len((viewer.state.selection or {}).get('cells', ())))")) === "24000000",
      60_000,
    );
    assert.ok(Math.max(...sizes) > 1_500_000, "it did go in large messages");
    assert.ok(Math.max(...sizes) < 3 << 20, `${Math.max(...sizes)} bytes`);
    await close(opened);
  });

  test("what a hook prints is not lost", async () => {
    const opened = await notebook(`${SHOW}\n@viewer.on_selection\ndef selected(event): print("chosen", event["cells"])`);
    const frame = await opened.viewer();
    await select(frame, [2, 6], "lasso");
    await opened.page.getByText("chosen [2, 6]").first().waitFor({ timeout: 10_000 });
    await close(opened);
  });

  test("a hosted page does the same, with its host's origin", async () => {
    const page = gunzipSync(readFileSync(`${ROOT}/python/src/cellucid_relay/page/viewer.html.gz`));
    const web = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(page));
    await new Promise((done) => web.listen(0, "127.0.0.1", () => done(null)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (web.address());
    const address = `http://127.0.0.1:${port}/viewer.html`;
    const opened = await notebook(
      `from cellucid_relay import show_anndata\nviewer = show_anndata(${JSON.stringify(SAMPLE)}, page=${JSON.stringify(address)})`,
    );
    const frame = await opened.viewer();
    assert.equal(await frame.evaluate(() => self.origin), `http://127.0.0.1:${port}`);
    await opened.run("viewer.set_color_by('leiden')");
    assert.equal(await state(frame, ({ colour }) => colour.field.key), "leiden");
    await select(frame, [1], "lasso");
    await until(async () => (await opened.run("print(viewer.state.selection)")).includes("[1]"));
    assert.equal(await opened.run("print(viewer.viewer_url, viewer.viewer_origin)"), `${address} http://127.0.0.1:${port}`);
    await close(opened);
    web.close();
  });

  test("files dropped on the sandboxed page are opened, too", async () => {
    const opened = await notebook(SHOW);
    const frame = await opened.viewer();
    const box = await frame.locator("#plot").boundingBox();
    assert.ok(box);
    const session = await opened.page.context().newCDPSession(opened.page);
    const data = { items: [], files: [`${ROOT}/www/sample/sample.h5ad`], dragOperationsMask: 1 };
    for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
      await session.send("Input.dispatchDragEvent", { type, x: box.x + 200, y: box.y + 200, data });
    }
    const other = () => {
      const { source, dataset, busy } = /** @type {any} */ (window).cellucid.store.state;
      return !("dial" in source.from) && dataset && busy.length === 0;
    };
    await wait(frame, other, null);
    await close(opened);
  });

  test("twenty viewers at once", async () => {
    const opened = await notebook(
      `from cellucid_relay import show_anndata\nviewers = [show_anndata(${JSON.stringify(SAMPLE)}, height=240) for _ in range(20)]`,
    );
    await until(async () => (await opened.run("print(sum(one.state.ready is not None for one in viewers))")) === "20", 120_000);
    for (const at of [0, 10, 19]) {
      const frame = await opened.viewer(at);
      await opened.page.locator('iframe[title="Cellucid"]').nth(at).scrollIntoViewIfNeeded();
      await select(frame, [at], "lasso");
      await until(async () => (await opened.run(`print(viewers[${at}].state.selection)`)).includes(`[${at}]`));
      await until(async () => (await drawn(frame)) > 500, 20_000);
    }
    assert.equal(await opened.run("print(sum(one.state.selection is not None for one in viewers))"), "3");
    await opened.shoot("notebook-twenty");
    await opened.close();
  });

  test("strangers in the notebook can neither read nor tell", async () => {
    const opened = await notebook(SHOW);
    await opened.viewer();
    const before = await opened.run("print(dict(viewer._events.counts))");
    // A frame of another output that knows how messages look, but not the token; and one that navigates away with the viewer's place.
    const got = await opened.page.evaluate(async () => {
      const stranger = document.createElement("iframe");
      stranger.setAttribute("sandbox", "allow-scripts");
      stranger.srcdoc = `<script>
        addEventListener("message", ({ data, ports }) => { if (ports.length) parent.postMessage("port", "*"); });
        for (const target of [parent, ...Array.from(parent.frames)]) {
          for (const viewerToken of ["", "0".repeat(32), undefined]) {
            target.postMessage({ cellucid: "hello", viewerToken }, "*");
            target.postMessage({ cellucid: "connect", viewerToken }, "*", [new MessageChannel().port2]);
            target.postMessage({ type: "selection", cells: [1], source: "stranger", viewerToken }, "*");
            target.postMessage({ type: "freeze", viewerToken }, "*");
          }
        }
      </script>`;
      let ports = 0;
      addEventListener("message", ({ data }) => (ports += Number(data === "port")));
      document.body.append(stranger);
      await new Promise((done) => setTimeout(done, 1500));
      const frame = /** @type {HTMLIFrameElement} */ (document.querySelector('iframe[title="Cellucid"]'));
      frame.srcdoc = `<script>
        addEventListener("message", ({ ports }) => { if (ports.length) parent.postMessage("port", "*"); });
        parent.postMessage({ cellucid: "hello", viewerToken: window.name }, "*");
      </script>`;
      await new Promise((done) => setTimeout(done, 1500));
      return ports;
    });
    assert.equal(got, 0);
    assert.equal(await opened.run("print(dict(viewer._events.counts))"), before);
    await opened.close();
  });
});
