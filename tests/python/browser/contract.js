/**
 * Notebooks that cannot be run here, by what they offer a widget's front end: a page with their policy, an element, a model whose
 * messages go to the kernel's side (tests/python/standalone.py) and back.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { ROOT, settled } from "./notebook.js";

const PYTHON = resolve(ROOT, "build/jupyter/bin/python");
const SOURCES = resolve(ROOT, "python/src/cellucid_relay/page");

export const source = (/** @type {string} */ name) => readFileSync(resolve(SOURCES, name), "utf8");

/** The kernel's side of a viewer. */
export class Kernel {
  /** @type {Array<(line: any) => void>} */
  #ran = [];
  /** Called with each message for the front end. @type {(message: { content: object, buffers: string[] }) => void} */
  hear = () => {};

  /** @param {string} path what is shown */
  constructor(path) {
    this.child = spawn(PYTHON, [resolve(ROOT, "tests/python/standalone.py"), path], { stdio: ["pipe", "pipe", "inherit"] });
    /** @type {Promise<Record<string, unknown>>} */
    this.facts = new Promise((done) => {
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        const message = JSON.parse(line);
        if (message.facts) done(message.facts);
        else if ("ran" in message) this.#ran.shift()?.(message.ran);
        else this.hear(message);
      });
    });
  }

  /** Messages that wait while the kernel is busy. @type {any[] | null} */
  #held = null;

  /** @param {{ content: unknown, buffers: string[] }} message */
  tell(message) {
    if (this.#held) return void this.#held.push(message);
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Busy until it is told null; what comes is put into the list. @param {any[] | null} list */
  hold(list) {
    const due = this.#held ?? [];
    this.#held = list;
    if (!list) for (const message of due) this.tell(message);
  }

  /** Runs code there; what it printed. @param {string} code @returns {Promise<string>} */
  run(code) {
    this.child.stdin.write(`${JSON.stringify({ run: code })}\n`);
    return new Promise((done) => this.#ran.push(done));
  }

  stop() {
    this.child.kill();
  }
}

/**
 * A page under a policy that shows the viewer as a host does; the viewer's frame.
 *
 * @param {import("playwright-core").BrowserContext} context @param {Kernel} kernel @param {string} policy
 */
export async function host(context, kernel, policy) {
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error.stack)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.exposeFunction("tellKernel", (/** @type {any} */ message) => kernel.tell(message));
  const facts = await kernel.facts;
  const script = `${source("widget.js").replace("export default", "const front =")}
    const listeners = new Set();
    const bytes = (text) => new DataView(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer);
    const text = (view) => btoa(Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), (one) => String.fromCharCode(one)).join(""));
    const facts = ${JSON.stringify(facts)};
    const model = {
      get: (key) => facts[key],
      send: (content, _, buffers = []) => tellKernel({ content, buffers: buffers.map(text) }),
      on: (event, listener) => event === "msg:custom" && listeners.add(listener),
      off: (event, listener) => listeners.delete(listener),
    };
    window.fromKernel = ({ content, buffers }) => { for (const listener of listeners) listener(content, buffers.map(bytes)); };
    window.leave = front.render({ model, el: document.body });`;
  kernel.hear = (message) =>
    void page.evaluate((message) => /** @type {any} */ (window).fromKernel(message), message).catch(() => {});
  const html = `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="${policy}"></head><body>
    <script type="module">${script.replaceAll("</script", "<\\/script")}</script></body></html>`;
  await page.route("https://webview.test/", (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
  await page.goto("https://webview.test/");
  return { page, errors };
}

/** The viewer's frame, once its data is drawn. @param {import("playwright-core").Page} page */
export async function viewer(page) {
  const element = await page.waitForSelector('iframe[title="Cellucid"]', { state: "attached" });
  const frame = await element.contentFrame();
  if (!frame) throw new Error("the frame has no page");
  await settled(frame);
  return frame;
}
