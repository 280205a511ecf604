/**
 * A real notebook server with a real kernel, in a real browser. Everything it keeps is in a folder that is removed at the end.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { launch, ROOT } from "../../page/browser.js";

const BIN = resolve(ROOT, "build/jupyter/bin");
const TOKEN = "0123456789abcdef";
const SHOTS = resolve(ROOT, "build/screenshots");

/**
 * @param {"lab" | "notebook"} app
 * @param {{ tls?: boolean, base?: string, kernel?: string }} [options] `tls` with a certificate of our own, `base` the path below which
 *   it is served, `kernel` a version of ipykernel
 */
export async function jupyter(app, { tls, base = "/", kernel } = {}) {
  assert.ok(existsSync(resolve(BIN, "jupyter")), "build/jupyter is not there: ./check makes it");
  const home = mkdtempSync(join(tmpdir(), "cellucid-jupyter-"));
  const folder = (/** @type {string} */ name) => {
    mkdirSync(join(home, name), { recursive: true });
    return join(home, name);
  };
  const work = folder("work");
  const paths = [kernel && resolve(ROOT, "build/kernels", `ipykernel-${kernel}`), process.env.PYTHONPATH].filter(Boolean);
  const env = {
    ...process.env,
    HOME: home,
    TMPDIR: folder("tmp"),
    PYTHONPATH: paths.join(":"),
    PYDEVD_DISABLE_FILE_VALIDATION: "1",
    JUPYTER_CONFIG_DIR: folder("config"),
    JUPYTER_DATA_DIR: folder("data"),
    JUPYTER_RUNTIME_DIR: folder("runtime"),
    JUPYTERLAB_SETTINGS_DIR: folder("settings"),
    JUPYTERLAB_WORKSPACES_DIR: folder("workspaces"),
    IPYTHONDIR: folder("ipython"),
  };
  const flags = [
    "--no-browser",
    "--ip=127.0.0.1",
    "--port=0",
    `--IdentityProvider.token=${TOKEN}`,
    `--ServerApp.root_dir=${work}`,
  ];
  flags.push("--expose-app-in-browser", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate");
  if (tls) {
    // What is made is named by the module: server.key, server.pem.
    execFileSync(resolve(BIN, "python"), ["-m", "trustme", "--quiet", "--dir", folder("tls"), "--identities", "127.0.0.1"]);
    flags.push(`--ServerApp.certfile=${home}/tls/server.pem`, `--ServerApp.keyfile=${home}/tls/server.key`);
  }
  flags.push(`--ServerApp.base_url=${base}`);
  if (process.getuid?.() === 0) flags.push("--allow-root");
  // In a group of its own, its kernels with it; a shell ends the group and removes the folder when this process ends, however that comes
  // about.
  const watched = `trap : TERM; exec 3<&0; "$@" </dev/null & child=$!; (read -r _ <&3; kill 0) & wait $child; wait $child; rm -rf '${home}'`;
  const child = spawn("sh", ["-c", watched, "jupyter", resolve(BIN, "jupyter"), app, ...flags], {
    env,
    cwd: work,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  const stop = async () => {
    const gone = new Promise((done) => child.once("exit", done));
    child.stdin.end();
    await Promise.race([gone, new Promise((done) => setTimeout(done, 5000))]);
    if (child.exitCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const facts = await until(() => {
    assert.equal(child.exitCode, null, said);
    const name = readdirSync(env.JUPYTER_RUNTIME_DIR).find((one) => /^jpserver-\d+\.json$/.test(one));
    const text = name && readFileSync(join(env.JUPYTER_RUNTIME_DIR, name), "utf8");
    return text ? JSON.parse(text) : null;
  }, 60_000).catch(async (error) => {
    await stop();
    throw new Error(`${error.message}\n${said}`);
  });
  const url = `${tls ? "https" : "http"}://127.0.0.1:${facts.port}${base.replace(/\/$/, "")}`;
  return { app, url, work, stop, said: () => said };
}

/**
 * A notebook with these cells, opened.
 *
 * @typedef {Pick<Awaited<ReturnType<typeof jupyter>>, "app" | "url" | "work">} Server
 *
 * @param {import("playwright-core").Browser} browser @param {Server} server @param {string[]} cells
 * @param {string} [name]
 */
export async function open(browser, server, cells, name = "notebook.ipynb") {
  const text = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
    cells: cells.map((source, at) => ({
      cell_type: "code",
      id: `c${at}`,
      metadata: {},
      outputs: [],
      execution_count: null,
      source,
    })),
  };
  writeFileSync(join(server.work, name), JSON.stringify(text));
  // One for all notebooks: what the application loads is loaded once.
  const [context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ignoreHTTPSErrors: true })] =
    browser.contexts();
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error.stack)));
  page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} (${message.location().url})`));
  const notebook = new Notebook(page, server, name, errors);
  await notebook.load();
  return notebook;
}

/** An open notebook. */
export class Notebook {
  /** @param {import("playwright-core").Page} page @param {Server} server @param {string} name @param {string[]} errors */
  constructor(page, server, name, errors) {
    this.page = page;
    this.server = server;
    this.name = name;
    this.errors = errors;
  }

  /** Opens or reloads it, and waits for its kernel. */
  async load() {
    // A workspace each: tabs of other notebooks stay closed.
    const place = this.server.app === "lab" ? `lab/workspaces/${this.name.replace(".ipynb", "")}/tree` : "notebooks";
    await this.page.goto(`${this.server.url}/${place}/${this.name}?token=${TOKEN}`);
    await this.page.waitForFunction(() => "jupyterapp" in window, null, { timeout: 60_000 });
    await this.page.evaluate(async () => {
      const app = /** @type {any} */ (window).jupyterapp;
      await app.restored;
    });
    await this.page.waitForFunction(
      () => {
        const panel = /** @type {any} */ (window).jupyterapp.shell.currentWidget;
        return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.connectionStatus === "connected";
      },
      null,
      { timeout: 60_000 },
    );
    await this.page.evaluate(async () => {
      const panel = /** @type {any} */ (window).jupyterapp.shell.currentWidget;
      await panel.revealed;
      await panel.sessionContext.ready;
    });
  }

  /** A command of the notebook application. @param {string} command */
  async command(command) {
    await this.page.evaluate(async (name) => await /** @type {any} */ (window).jupyterapp.commands.execute(name), command);
  }

  /** Runs the cells, without waiting for them. */
  async runAll() {
    await this.page.evaluate(() => void (/** @type {any} */ (window).jupyterapp.commands.execute("notebook:run-all-cells")));
  }

  /**
   * Runs code in the kernel without a cell; returns what it printed.
   *
   * @param {string} code @returns {Promise<string>}
   */
  async run(code) {
    const { text, error } = await this.page.evaluate(async (code) => {
      const { kernel } = /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.session;
      // What is sent while a connection closes is lost: the application does not know yet that it does.
      const there = () => kernel.connectionStatus === "connected" && (kernel._ws?.readyState ?? 1) === 1;
      while (!there()) await new Promise((done) => setTimeout(done, 20));
      let [text, error] = ["", ""];
      const future = kernel.requestExecute({ code, store_history: false });
      future.onIOPub = (/** @type {any} */ { header, content }) => {
        if (header.msg_type === "stream") text += content.text;
        if (header.msg_type === "error") error = content.traceback.join("\n");
      };
      const late = new Promise((_, fail) =>
        setTimeout(() => fail(new Error("the kernel has not answered for two minutes")), 120_000),
      );
      await Promise.race([future.done, late]);
      return { text, error };
    }, code);
    assert.equal(error, "");
    return text.trim();
  }

  /** The viewers' frames, in order. */
  async frames() {
    /** @type {import("playwright-core").Frame[]} */
    const found = [];
    for (const element of await this.page.$$('iframe[title="Cellucid"]')) {
      const frame = await element.contentFrame();
      if (frame) found.push(frame);
    }
    return found;
  }

  /** A viewer's frame, once its data is drawn. @param {number} [at] @param {number} [timeout] */
  async viewer(at = 0, timeout = 60_000) {
    const frame = await until(async () => (await this.frames())[at], timeout);
    await settled(frame, timeout);
    await this.page.waitForTimeout(300);
    return frame;
  }

  /** Ends its kernel and its page. */
  async close() {
    await this.page.evaluate(
      async () => await /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext.shutdown(),
    );
    await this.page.close();
  }

  /** Kept for people to look at. @param {string} name */
  async shoot(name) {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }
}

export { launch, ROOT };

/** Asks until there is an answer. @template T @param {() => T | Promise<T>} ask @param {number} [timeout] @returns {Promise<NonNullable<T>>} */
export async function until(ask, timeout = 20_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`no answer within ${timeout} ms: ${ask}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/**
 * Waits until there is an answer in a frame. By the clock, not by the frames that are drawn, as the driver would on its own: of a viewer
 * that a notebook has scrolled out of sight none are.
 *
 * @template A @param {import("playwright-core").Frame} frame @param {(given: A) => unknown} ask @param {A} given @param {number} [timeout]
 */
export async function wait(frame, ask, given, timeout = 30_000) {
  await frame.waitForFunction(/** @type {any} */ (ask), given, { timeout, polling: 50 });
}

/** Waits until a viewer's data is drawn. @param {import("playwright-core").Frame} frame @param {number} [timeout] */
export async function settled(frame, timeout) {
  const ask = () => {
    const { store } = /** @type {any} */ (window).cellucid ?? {};
    if (store?.state.trouble) throw new Error(`${store.state.trouble.fault.message}`);
    return store?.state.colour && store.state.busy.length === 0;
  };
  await wait(frame, ask, null, timeout);
}

/** @param {import("playwright-core").Frame} frame @param {(state: any) => any} look */
export function state(frame, look) {
  return frame.evaluate(`(${look})(window.cellucid.store.state)`);
}

/** @param {import("playwright-core").Frame} frame @param {number[]} cells @param {string} source */
export async function select(frame, cells, source) {
  await frame.evaluate(
    ({ cells, source }) =>
      /** @type {any} */ (window).cellucid.store.patch({ selection: { cells: Uint32Array.from(cells), source } }),
    { cells, source },
  );
}

/** Pixels of the plot that are not ground, in a part of it that nothing lies over. @param {import("playwright-core").Frame} frame */
export async function drawn(frame) {
  const shot = await frame.locator("#plot").screenshot();
  const page = await frame.page().context().newPage();
  const count = await page.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
      pen?.drawImage(image, 0, 0);
      const data = new Uint32Array(pen?.getImageData(0, 110, image.width, image.height - 180).data.buffer ?? new ArrayBuffer(0));
      const counts = new Map();
      for (const pixel of data) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
      return data.length - Math.max(...counts.values());
    },
    `data:image/png;base64,${shot.toString("base64")}`,
  );
  await page.close();
  return count;
}
