/** A fresh headless Chromium, and what its renderer costs: processor time and resident memory, from the operating system. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", // root and machines without user namespaces cannot have one; only our own page is opened
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @param {string[]} [flags] */
export async function launch(flags = []) {
  const places = [process.env.CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"];
  const executablePath = places.find((one) => existsSync(one));
  if (!executablePath) throw new Error("Chromium is not installed: ./check installs it");
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
  const session = await browser.newBrowserCDPSession();
  /** The process that has the page: the one that works when it does. @param {import("playwright-core").Page} page */
  const renderer = async (page) => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    // The browser's own pages have processes too.
    const pages = processInfo.filter(({ type, id }) => type === "renderer" && !command(id).includes("--top-chrome-webui"));
    const before = pages.map(({ id }) => ({ id, spent: cpu(id) }));
    await page.evaluate((count) => {
      let sum = 0;
      for (let at = 0; at < count; at++) sum += Math.sqrt(at);
      return sum;
    }, 100e6);
    const [first] = before.toSorted((a, b) => cpu(b.id) - b.spent - cpu(a.id) + a.spent);
    if (!first) throw new Error("the browser has no renderer");
    return first.id;
  };
  return { browser, renderer, version: browser.version() };
}

/**
 * Has nobody listen to what the page and its workers request, from now on. For whoever does, the browser keeps each answer's body in the
 * page's own process, a third longer than it came: 180 MB for a matrix of 136, which no visitor has.
 *
 * @param {import("playwright-core").Page} page
 */
export async function unheard(page) {
  // Not for others, so it has no type; the version of playwright-core is a fixed one.
  const { _networkManager: network } = /** @type {any} */ (page)._connection.toImpl(page).delegate;
  for (const session of network._sessions.keys()) await session.send("Network.disable");
  network.addSession = async () => {};
}

/** @param {number} pid */
const command = (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8");

/** Ticks of the kernel's clock in which processor time is told. */
const TICK = 100;

/** Seconds of processor time a process has taken so far, all its threads. @param {number} pid */
export function cpu(pid) {
  // After the name, which may hold anything but a closing parenthesis.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICK;
}

/** Resident memory now and at its highest since `forget`, in bytes. @param {number} pid */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (/** @type {string} */ name) =>
    Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1] ?? NaN) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** The highest memory counts from now on. @param {number} pid */
export const forget = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, "5");
