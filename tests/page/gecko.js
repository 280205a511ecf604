/**
 * Firefox ESR as Debian has it. Playwright drives it by WebDriver BiDi; what that cannot do, such as dropping files from disk, is done by
 * code in the browser's own window, over the same connection. WebGL needs a display: a virtual one, drawn by Mesa.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { firefox } from "playwright-core";

/** One virtual display for this process. @type {Promise<string> | null} */
let display = null;

/** @param {boolean} graphics */
export async function launch(graphics) {
  const path = [process.env.FIREFOX ?? "", "/usr/bin/firefox-esr"].find((one) => existsSync(one));
  assert.ok(path, "Firefox ESR is not installed: ./check installs it");
  const { DISPLAY, WAYLAND_DISPLAY, ...environment } = process.env;
  if (graphics) display ??= show();
  const shown = graphics ? String(await display) : null;
  return firefox.launch({
    channel: "moz-firefox",
    executablePath: path,
    // Without a display there is no WebGL.
    headless: !graphics,
    args: ["--remote-allow-system-access"],
    env: { .../** @type {Record<string, string>} */ (environment), ...(shown && { DISPLAY: shown }) },
  });
}

/** Starts a virtual display that ends with this process. @returns {Promise<string>} */
async function show() {
  const server = spawn(process.env.XVFB ?? "Xvfb", ["-displayfd", "1", "-screen", "0", "1600x1100x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  process.once("exit", () => server.kill());
  const failed = once(server, "error").then(([error]) => assert.fail(`Xvfb does not start: ${error.message}`));
  const [number] = await Promise.race([once(server.stdout, "data"), failed]);
  server.unref();
  /** @type {import("node:net").Socket} */ (server.stdout).unref();
  return `:${String(number).trim()}`;
}

/**
 * Runs a function in the browser's own window, where everything is allowed; `tab` there is the page's.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} body of an async function of `tab` and `given`
 * @param {unknown} [given]
 * @returns {Promise<string>}
 */
export async function within(page, body, given = null) {
  // Playwright keeps the connection to itself; its version is pinned.
  const browser = /** @type {any} */ (page.context().browser());
  /** @type {{ send: (method: string, parameters: object) => Promise<any> }} */
  const session = browser._connection.toImpl(browser)._browserSession;
  const { contexts } = await session.send("browsingContext.getTree", { "moz:scope": "chrome" });
  // The tab is found by its title, which comes back to what it was.
  const mark = `tab ${Math.random()}`;
  const before = await page.evaluate((title) => {
    const old = document.title;
    document.title = title;
    return old;
  }, mark);
  const expression = `(async () => {
    const windows = [...Services.wm.getEnumerator("navigator:browser")];
    let tab;
    for (let tries = 0; !tab && tries < 100; tries++) {
      tab = windows.flatMap((one) => [...one.gBrowser.tabs]).find((one) => one.linkedBrowser.contentTitle === ${JSON.stringify(mark)});
      if (!tab) await new Promise((done) => setTimeout(done, 20));
    }
    if (!tab) throw new Error("the tab is not found");
    return String(await (async (tab, given) => { ${body} })(tab, ${JSON.stringify(given)}));
  })()`;
  const target = { context: contexts[0].context };
  const answer = await session.send("script.evaluate", { expression, target, awaitPromise: true });
  await page.evaluate((title) => {
    document.title = title;
  }, before);
  assert.equal(answer.type, "success", JSON.stringify(answer.exceptionDetails?.text));
  return answer.result.value;
}

/** Changes settings of the browser; null takes a change back. @param {import("playwright-core").Page} page @param {Record<string, number | null>} settings */
export async function prefer(page, settings) {
  await within(
    page,
    `for (const [name, value] of Object.entries(given)) {
      if (value === null) Services.prefs.clearUserPref(name);
      else Services.prefs.setIntPref(name, value);
    }`,
    settings,
  );
}

/**
 * Drags files or folders from disk over the page and lets them fall, through the browser's own drag service.
 *
 * @param {import("playwright-core").Page} page @param {string[]} paths
 */
export async function drop(page, paths) {
  const outcome = await within(
    page,
    `const window = tab.ownerDocument.defaultView;
    window.gBrowser.selectedTab = tab;
    window.focus();
    const wait = (time) => new Promise((done) => window.setTimeout(done, time));
    await wait(100);
    const service = Cc["@mozilla.org/widget/dragservice;1"].getService(Ci.nsIDragService);
    service.startDragSessionForTests(window, Ci.nsIDragService.DRAGDROP_ACTION_COPY);
    const session = service.getCurrentSession(window);
    const transfer = new window.DataTransfer();
    for (const [at, path] of given.entries()) {
      const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
      file.initWithPath(path);
      // A transfer takes no second file of this kind, and what it takes otherwise does not reach the page.
      if (at === 0) transfer.mozSetDataAt("application/x-moz-file", file, at);
      else throw new Error("several things cannot be dropped");
    }
    session.dataTransfer = transfer;
    session.dragAction = Ci.nsIDragService.DRAGDROP_ACTION_COPY;
    const browser = tab.linkedBrowser;
    const { left, top } = browser.getBoundingClientRect();
    const [x, y] = [left + 500, top + 300];
    const send = async (type) => {
      const event = window.document.createEvent("DragEvent");
      const [across, down] = [window.mozInnerScreenX + x, window.mozInnerScreenY + y];
      event.initDragEvent(type, true, true, window, 0, across, down, x, y, false, false, false, false, 0, null, transfer);
      window.windowUtils.dispatchDOMEventViaPresShellForTesting(browser, event);
      await wait(100);
    };
    for (const type of ["dragenter", "dragover", "dragover", "drop"]) await send(type);
    session.endDragSession(true, 0);
    return "dropped";`,
    paths.map((path) => resolve(path)),
  );
  assert.equal(outcome, "dropped");
}

/**
 * The driver is not told of downloads: the browser's own list has them.
 *
 * @param {import("playwright-core").Page} page @param {string} folder @param {() => Promise<void>} act
 */
export async function download(page, folder, act) {
  await act();
  const end = Date.now() + 30_000;
  for (;;) {
    const done = await within(
      page,
      `const { Downloads } = ChromeUtils.importESModule("resource://gre/modules/Downloads.sys.mjs");
      const list = await Downloads.getList(Downloads.ALL);
      const done = (await list.getAll()).find(({ succeeded }) => succeeded);
      // What is moved away is no longer of the list.
      if (done) await list.remove(done);
      return done?.target.path ?? "";`,
    );
    if (done) {
      const path = join(folder, basename(done));
      copyFileSync(done, path);
      rmSync(done);
      return path;
    }
    assert.ok(Date.now() < end, "nothing was downloaded");
    await page.waitForTimeout(50);
  }
}

/** @param {import("playwright-core").Page} page */
export async function endWorker(page) {
  const outcome = await within(
    page,
    `const manager = Cc["@mozilla.org/serviceworkers/manager;1"].getService(Ci.nsIServiceWorkerManager);
    const all = manager.getAllRegistrations();
    let ended = 0;
    for (let at = 0; at < all.length; at++) {
      const registration = all.queryElementAt(at, Ci.nsIServiceWorkerRegistrationInfo);
      if (!registration.activeWorker || !given.startsWith(registration.scope.replace(/^(\\w+:\\/\\/[^/]+\\/).*/, "$1"))) continue;
      await registration.activeWorker.terminateWorker();
      ended++;
    }
    return ended;`,
    page.url(),
  );
  assert.equal(outcome, "1", "one worker was ended");
}

/**
 * Chooses a folder as a person does: presses the page's button, chooses in the system's dialog, which is answered for, and agrees when the
 * browser asks whether the page may have all of it; its driver is not told of that question. The browser itself goes through the folder.
 *
 * @param {import("playwright-core").Page} page @param {string} path
 */
export async function chooseFolder(page, path) {
  await within(
    page,
    `const window = tab.ownerDocument.defaultView;
    const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
    const contract = "@mozilla.org/filepicker;1";
    const system = registrar.contractIDToCID(contract);
    const own = Services.uuid.generateUUID();
    const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
    file.initWithPath(given);
    const question = () =>
      [...window.document.querySelectorAll("browser.dialogFrame")].map(({ contentDocument }) => contentDocument)
        .find((shown) => shown?.readyState === "complete" && shown.querySelector("dialog")?.getButton("accept").disabled === false);
    const agree = async () => {
      let shown;
      // Its button can be pressed after a second, so that nobody does so without reading.
      while (!(shown = question())) await new Promise((done) => window.setTimeout(done, 20));
      const words = shown.getElementById("infoBody").textContent;
      shown.querySelector("dialog").acceptDialog();
      return words;
    };
    window.agreed = new Promise((agreed, fail) => {
      const picker = {
        QueryInterface: ChromeUtils.generateQI(["nsIFilePicker"]),
        init(_, title, mode) {
          if (mode !== Ci.nsIFilePicker.modeGetFolder) fail(new Error("no folder is asked for: " + mode));
        },
        appendFilters() {},
        file,
        displayDirectory: null,
        open(asker) {
          registrar.unregisterFactory(own, factory);
          registrar.registerFactory(system, "", contract, null);
          asker.done(Ci.nsIFilePicker.returnOK);
          agreed(agree());
        },
      };
      const factory = { QueryInterface: ChromeUtils.generateQI(["nsIFactory"]), createInstance: (id) => picker.QueryInterface(id) };
      registrar.registerFactory(own, "a choice", contract, factory);
    });`,
    resolve(path),
  );
  await page.getByRole("button", { name: "Choose a folder" }).click();
  const words = await within(page, "return tab.ownerDocument.defaultView.agreed;");
  assert.ok(words.includes(basename(path)), words);
}
