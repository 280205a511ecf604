/**
 * The bridge: this page as a viewer in somebody's notebook or page. Wires the session to the ways out (port, server, parent window), to
 * the store and to the clock. Loaded only where somebody embeds the page.
 *
 * @import { Store } from "../store.js"
 * @import { Event, Message, Peer, Step } from "./wire.js"
 */
import { Fault } from "../engine/fault.js";
import { bundle } from "./bundle.js";
import { perform } from "./commands.js";
import { follow } from "./follow.js";
import { identify } from "./identity.js";
import { Session } from "./messages.js";
import { Parent } from "./parent.js";
import { Post } from "./post.js";
import { watch } from "./watch.js";

/** Most events that wait for a way out. */
const WAITING = 256;

/** @param {Store} store @returns {Session | null} */
export function viewer(store) {
  const found = identify(document);
  if (!found) return null;
  /** Until it is known who listens, nothing goes out. @type {Peer | null} */
  let peer = null;
  /** @type {Event[]} */
  const waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const session = new Session(
    found,
    { kind: "plain" },
    {
      location: location.href,
      origin: self.origin,
      server: found.server,
      connected: false,
      parent: found.parent,
      agent: navigator.userAgent,
    },
  );
  const post = found.server === null ? null : new Post(found.server, { delivered: (seq) => session.acknowledge(seq), failed });
  const parent = new Parent(window, found, found.parent, {
    knows: (data) => session.knows(data),
    hear,
    opened(limit) {
      // The server stays the way for those who speak like the reference: they command by window and listen by HTTP.
      if (post && !parent.direct) return;
      const again = peer ? session.unacknowledged() : [];
      meet(limit === null ? { kind: "page" } : { kind: "relay", limit, binary: true });
      for (const message of again) send(message);
    },
  });
  post?.meet(found).then((met) => {
    if (parent.direct) return;
    meet(met);
    if (met.kind === "relay" && met.commands) follow(post.server, found, hear);
  });
  const announced = watch(store, tell);
  if (post && !store.state.source) open(post, store);
  return session;

  /** @param {Peer} met */
  function meet(met) {
    peer = met;
    session.peer = met;
    session.setting = { ...session.setting, connected: true, parent: parent.origin };
    for (const event of waiting.splice(0)) tell(event);
  }

  /** @param {Event} event */
  function tell(event) {
    if (!peer) {
      if (event.type === "hover") return;
      waiting.push(event);
      if (waiting.length > WAITING) waiting.shift();
      return;
    }
    try {
      clock();
      for (const message of session.announce(event)) send(message);
      clock();
    } catch (error) {
      failed(Fault.from(error));
    }
  }

  /** @param {Message} message */
  function send(message) {
    if (parent.direct || !post) parent.send(message);
    else post.send(message);
  }

  /** Tells the session the time, now and when it next wants to know. */
  function clock() {
    for (const message of session.tick(Date.now())) send(message);
    clearTimeout(timer);
    const wakes = session.wakes();
    if (wakes !== null) timer = setTimeout(clock, Math.max(0, wakes - Date.now()));
  }

  /** @param {unknown} data @returns {boolean} */
  function hear(data) {
    clock();
    /** @type {Step[]} */
    let steps = [];
    try {
      steps = session.accept(data);
    } catch {
      // Counted. On a window all sorts of messages pass by: not worth a word.
      return false;
    }
    for (const step of steps) {
      if ("reply" in step) tell(step.reply);
      else if ("run" in step) run(step.run, step.seq);
    }
    return !steps.some((step) => "ignore" in step && step.ignore === "foreign");
  }

  /** @param {import("./wire.js").Command} command @param {number | null} seq */
  async function run(command, seq) {
    try {
      if (command.type === "custom") {
        dispatchEvent(new CustomEvent("cellucid", { detail: { type: command.name, ...command.fields } }));
      } else if (command.type === "requestSessionBundle") await save(command.requestId);
      else await perform(store, command);
      // That a dataset is there comes before what was done with it.
      await announced();
      if (seq !== null) tell({ type: "command_done", answers: seq });
    } catch (error) {
      const { message } = Fault.from(error);
      await announced();
      const name = command.type === "custom" ? command.name : command.type;
      tell({ type: "command_error", command: name, reason: message, ...(seq !== null && { answers: seq }) });
    }
  }

  /** @param {string} requestId */
  async function save(requestId) {
    const made = await bundle(store.state, post ? "jupyter" : "local-user");
    if (found && post && !parent.direct) return post.upload(made, found, requestId);
    const data = new Uint8Array(await made.arrayBuffer());
    tell({ type: "session_bundle", requestId, status: "ok", bytes: data.length, data });
  }

  /** @param {Fault} fault */
  function failed(fault) {
    // A connection that is down fails with every event: told once.
    if (store.state.trouble?.fault.message === fault.message) return;
    store.patch({ trouble: { fault, doing: "Telling the notebook" } });
  }
}

/** Opens what the server offers, unless the page was told to open something else. @param {Post} post @param {Store} store */
async function open(post, store) {
  const offered = await post.dataset();
  if (offered && !store.state.source) store.patch({ source: { from: offered.url, label: offered.name } });
}
