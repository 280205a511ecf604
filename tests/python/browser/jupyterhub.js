/**
 * A real JupyterHub: its proxy, its sign-in, a server per person behind it, over HTTPS. Everything it keeps is in a folder that is removed
 * at the end.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ROOT, until } from "./notebook.js";

const BIN = resolve(ROOT, "build/jupyter/bin");
const PROXY = resolve(ROOT, "node_modules/.bin/configurable-http-proxy");

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const address = server.address();
  assert.ok(address && typeof address === "object");
  await new Promise((done) => server.close(done));
  return address.port;
}

/** @param {string} user */
export async function jupyterhub(user) {
  const home = mkdtempSync(join(tmpdir(), "cellucid-hub-"));
  const work = join(home, "work");
  mkdirSync(work);
  mkdirSync(join(home, "tls"));
  execFileSync(resolve(BIN, "python"), ["-m", "trustme", "--quiet", "--dir", join(home, "tls"), "--identities", "127.0.0.1"]);
  const [port, hub, api] = await Promise.all([freePort(), freePort(), freePort()]);
  const origin = `https://127.0.0.1:${port}`;
  const own = ["config", "data", "runtime", "settings", "workspaces", "ipython"].map((name) => [name, join(home, name)]);
  const [config, data, runtime, settings, workspaces, ipython] = own.map(([, path]) => path);
  const temporary = join(home, "tmp");
  mkdirSync(temporary);
  const environment = {
    HOME: home,
    TMPDIR: temporary,
    PYDEVD_DISABLE_FILE_VALIDATION: "1",
    JUPYTER_CONFIG_DIR: config,
    JUPYTER_DATA_DIR: data,
    JUPYTER_RUNTIME_DIR: runtime,
    JUPYTERLAB_SETTINGS_DIR: settings,
    JUPYTERLAB_WORKSPACES_DIR: workspaces,
    IPYTHONDIR: ipython,
  };
  const flags = [
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
  ];
  if (process.getuid?.() === 0) flags.push("--allow-root");
  const lines = {
    "JupyterHub.bind_url": origin,
    "JupyterHub.ssl_cert": join(home, "tls/server.pem"),
    "JupyterHub.ssl_key": join(home, "tls/server.key"),
    "JupyterHub.hub_port": hub,
    "JupyterHub.db_url": "sqlite:///:memory:",
    "JupyterHub.cookie_secret_file": join(home, "cookies"),
    "JupyterHub.authenticator_class": "dummy",
    "JupyterHub.spawner_class": "simple",
    "ConfigurableHTTPProxy.api_url": `http://127.0.0.1:${api}`,
    "ConfigurableHTTPProxy.command": [process.execPath, PROXY],
    "SimpleLocalProcessSpawner.home_dir_template": work,
    "Spawner.cmd": [resolve(BIN, "jupyterhub-singleuser")],
    "Spawner.args": flags,
    "Spawner.environment": environment,
    "Spawner.notebook_dir": work,
    "Spawner.start_timeout": 120,
    "Spawner.http_timeout": 120,
  };
  const text = Object.entries(lines).map(([key, value]) => `c.${key} = ${JSON.stringify(value)}`);
  // A user of the name is let in, whatever the password.
  writeFileSync(join(home, "hub.py"), [...text, `c.Authenticator.allowed_users = {${JSON.stringify(user)}}`, ""].join("\n"));
  const child = spawn(resolve(BIN, "jupyterhub"), ["-f", join(home, "hub.py")], {
    cwd: home,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (more) => (said += more));
  const end = () => child.kill();
  process.once("exit", end);
  const stop = async () => {
    process.off("exit", end);
    const gone = new Promise((done) => child.once("exit", done));
    // It ends its proxy and everybody's servers first.
    child.kill();
    await Promise.race([gone, new Promise((done) => setTimeout(done, 30_000))]);
    child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  await until(() => {
    assert.equal(child.exitCode, null, said);
    return said.includes("JupyterHub is now running");
  }, 90_000).catch(async (error) => {
    await stop();
    throw new Error(`${error.message}\n${said}`);
  });
  return {
    app: /** @type {const} */ ("lab"),
    url: `${origin}/user/${user}`,
    work,
    stop,
    said: () => said,
    /** Signs in, and waits for the person's own server. @param {import("playwright-core").BrowserContext} context */
    async enter(context) {
      const page = await context.newPage();
      await page.goto(`${origin}/hub/login`);
      await page.getByLabel("Username").fill(user);
      await page.getByLabel("Password").fill("anything");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page
        .waitForURL((url) => url.pathname.startsWith(`/user/${user}/`), { timeout: 120_000 })
        .catch((error) => assert.fail(`${error.message}\n${said}`));
      await page.close();
    },
  };
}
