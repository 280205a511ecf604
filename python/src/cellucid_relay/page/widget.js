/**
 * The viewer's front end in a notebook: a frame with the page in it, and messages between page and kernel.
 *
 * Loaded by anywidget, which gives it two seconds: nothing is imported and nothing is waited for. The page has no rights in the
 * notebook (a sandbox without an origin of its own); it shows that it is ours by a token that only its text carries, and is then
 * handed two ports. No message is believed for where it seems to come from.
 *
 * @typedef {{ [key: string]: any }} Content
 * @typedef {{ head: Content, buffers: ArrayBuffer[] }} Answer
 * @typedef {{ content: Content, buffers: ArrayBufferView[], done: (answer: Answer) => void, order: number }} Question
 * @typedef {{ message: Content, extra: Content, buffers: ArrayBufferView[], order: number }} Entry
 *
 * @typedef {object} Model what anywidget offers of the kernel's side
 * @property {(key: string) => any} get
 * @property {(content: Content, callbacks?: undefined, buffers?: ArrayBufferView[]) => void} send
 * @property {(event: string, listener: (...facts: any[]) => void) => void} on
 * @property {(event: string, listener: (...facts: any[]) => void) => void} off
 */

/** Seconds until lost messages are looked for; doubled while the kernel is busy, up to a bound. */
const PATIENCE = [1.5, 20];
/** Seconds until a word is said about it. */
const SLOW = 5;
/** Bytes of the largest message that the page may hand over: it is taken apart here. */
const LARGEST = 512 << 20;
const SANDBOX = "allow-scripts allow-downloads allow-popups allow-forms allow-modals allow-pointer-lock";
/** A hosted page keeps the origin of its host, which is not the notebook's. */
const HOSTED = `${SANDBOX} allow-same-origin`;

const random = (/** @type {number} */ bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Messages between a view and the kernel. What must arrive is kept until it has been answered; a ping that is answered shows that
 * whatever was sent before it and was not answered is lost, and that is sent again. Nothing times out: kernels may be busy for hours.
 */
class Wire {
  /** Counts the pages that this view has had. */
  epoch = 0;
  /** Counts what the kernel has said. */
  heard = 0;
  /** The newest command that came. */
  #got = 0;
  #sent = 0;
  #last = 0;
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Map<number, Question>} */
  #questions = new Map();
  /** Numbered events that were not acknowledged. @type {Entry[]} */
  #events = [];
  /** The newest of each kind that may get lost, while one of them is on its way. @type {Map<string, Content> | null} */
  #fleeting = null;

  /** @param {Model} model @param {string} view @param {(content: Content) => void} hear */
  constructor(model, view, hear) {
    this.model = model;
    this.view = view;
    this.hear = hear;
    /** @param {Content} content @param {ArrayBufferView[]} buffers */
    this.listen = (content, buffers) => {
      if (content?.view === view) this.#receive(content, buffers ?? []);
    };
    model.on("msg:custom", this.listen);
  }

  /** @param {Content} content @param {ArrayBufferView[]} [buffers] @returns {Promise<Answer>} */
  ask(content, buffers = []) {
    const rid = ++this.#last;
    return new Promise((done) => {
      this.#questions.set(rid, { content, buffers, done, order: 0 });
      this.#put(rid);
    });
  }

  /**
   * An event. Its bytes travel beside it; those that one message cannot carry go before it, in parts.
   *
   * @param {Content} message @param {number} most
   */
  async tell(message, most) {
    if (!message.seq) return this.#glimpse(message);
    const { epoch } = this;
    const bytes = message.cells?.data ?? message.data;
    /** @type {Entry} */
    const entry = { message, extra: {}, buffers: [], order: 0 };
    if (ArrayBuffer.isView(bytes)) {
      entry.message = message.cells ? { ...message, cells: { ...message.cells, data: null } } : { ...message, data: null };
      if (bytes.byteLength <= most) entry.buffers = [bytes];
      else entry.extra.attachment = await this.#upload(/** @type {Uint8Array} */ (bytes), most);
    }
    if (this.#closed || epoch !== this.epoch) return;
    this.#events.push(entry);
    this.#post(entry);
  }

  /**
   * An event that may get lost, such as where the pointer is: one at a time, and of what comes meanwhile the newest, so that a kernel
   * that is busy does not find thousands of them.
   *
   * @param {Content} message
   */
  async #glimpse(message) {
    if (this.#fleeting) return void this.#fleeting.set(message.type, message);
    const waiting = new Map([[message.type, message]]);
    this.#fleeting = waiting;
    for (const [type, next] of waiting) {
      // What is put there meanwhile comes later in the same walk.
      waiting.delete(type);
      await this.ask({ t: "event", message: next });
      if (this.#closed || this.#fleeting !== waiting) return;
    }
    this.#fleeting = null;
  }

  /** A fresh page: what the one before was waiting for is forgotten. */
  begin() {
    this.epoch++;
    this.#got = 0;
    this.#events = [];
    this.#fleeting = null;
    for (const [rid, { content }] of this.#questions) if (content.t !== "page") this.#questions.delete(rid);
  }

  close() {
    this.send({ t: "gone" });
    this.model.off("msg:custom", this.listen);
    clearTimeout(this.#timer);
    this.#questions.clear();
    this.#events = [];
    this.#closed = true;
  }

  /** @param {Content} content @param {ArrayBufferView[]} [buffers] */
  send(content, buffers = []) {
    try {
      this.model.send({ ...content, view: this.view, epoch: this.epoch, got: this.#got }, undefined, buffers);
    } catch {
      // The connection is down: lost like any other message.
    }
  }

  /** @param {Uint8Array} bytes @param {number} most */
  async #upload(bytes, most) {
    const attachment = random(8);
    for (let part = 0; part * most < bytes.length; part++) {
      await this.ask({ t: "put", attachment, part }, [bytes.slice(part * most, (part + 1) * most)]);
    }
    return attachment;
  }

  /** @param {number} rid */
  #put(rid) {
    const question = this.#questions.get(rid);
    if (!question) return;
    question.order = ++this.#sent;
    this.send({ ...question.content, rid }, question.buffers);
    this.#watch();
  }

  /** @param {Entry} entry */
  #post(entry) {
    entry.order = ++this.#sent;
    this.send({ t: "event", message: entry.message, ...entry.extra }, entry.buffers);
    this.#watch();
  }

  /** Looks for what is lost, as long as something has not been answered. */
  #watch(patience = Number(PATIENCE[0])) {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#questions.size && !this.#events.length) return;
      this.hear({ t: "state", busy: patience > Number(PATIENCE[0]) });
      this.send({ t: "ping", rid: ++this.#sent });
      this.#watch(Math.min(2 * patience, Number(PATIENCE[1])));
    }, 1000 * patience);
  }

  /** @param {Content} content @param {ArrayBufferView[]} buffers */
  #receive(content, buffers) {
    this.heard++;
    if (content.t === "pong") return this.#recover(content);
    if (content.t === "command") {
      if (content.epoch !== this.epoch) return;
      const { seq, type, upTo } = content.message;
      if (type === "ack") this.#events = this.#events.filter(({ message }) => message.seq > upTo);
      if (seq) this.#got = Math.max(this.#got, seq);
    }
    const question = this.#questions.get(content.rid);
    this.#questions.delete(content.rid);
    if (question) question.done({ head: content, buffers: buffers.map(alone) });
    else if (content.rid === undefined) this.hear(content);
  }

  /** @param {Content} pong its number tells what was sent before the ping */
  #recover({ rid, seen }) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.hear({ t: "state", busy: false });
    this.#events = this.#events.filter(({ message }) => message.seq > seen);
    for (const entry of this.#events) if (entry.order < rid) this.#post(entry);
    for (const [id, { order }] of this.#questions) if (order < rid) this.#put(id);
    if (this.#questions.size || this.#events.length) this.#watch();
  }
}

/** A buffer of its own, which can be handed over. @param {ArrayBufferView | ArrayBuffer} view @returns {ArrayBuffer} */
function alone(view) {
  if (view instanceof ArrayBuffer) return view;
  const whole = view.byteOffset === 0 && view.byteLength === view.buffer.byteLength;
  const end = view.byteOffset + view.byteLength;
  return /** @type {ArrayBuffer} */ (whole ? view.buffer : view.buffer.slice(view.byteOffset, end));
}

/** One view: frame, page, ports. */
class View {
  frame = document.createElement("iframe");
  note = document.createElement("p");
  veil = document.createElement("style");
  /** For the bridge's messages, and for files. @type {MessagePort[]} */
  #ports = [];
  /** Most bytes in a message to the kernel. */
  #most = 1 << 20;
  /** Events go one after the other. */
  #turn = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #slow;

  /** @param {Model} model @param {HTMLElement} element */
  constructor(model, element) {
    this.model = model;
    this.who = { viewerId: model.get("viewer"), viewerToken: random(16) };
    this.wire = new Wire(model, random(8), (content) => this.#pass(content));
    /** Of a hosted page; a page of the notebook's own has none that could be named. */
    this.origin = model.get("page") ? new URL(model.get("page")).origin : "*";
    this.frame.title = "Cellucid";
    this.frame.setAttribute("sandbox", model.get("page") ? HOSTED : SANDBOX);
    this.frame.allow = "fullscreen; clipboard-write; cross-origin-isolated";
    this.frame.referrerPolicy = "no-referrer";
    this.frame.style.cssText = `display:block;width:100%;height:${model.get("height")}px;border:0;border-radius:4px`;
    this.note.style.cssText = "margin:0;padding:.5em;font:13px system-ui,sans-serif;opacity:.75";
    this.note.setAttribute("role", "status");
    element.append(this.note, this.frame);
    // What the notebook keeps of the viewer is not shown beside the viewer itself.
    this.veil.textContent = `[data-cellucid-still="${this.who.viewerId}"] { display: none }`;
    document.head.append(this.veil);
    this.#say("Loading the viewer…");
    this.#later("The kernel is busy or has gone. If nothing appears when it is done, run the cell again.");
    this.greet = (/** @type {MessageEvent} */ event) => this.#greet(event);
    window.addEventListener("message", this.greet);
    // Says that something has changed, not what.
    this.probe = () => this.#probe();
    model.on("comm_live_update", this.probe);
    this.#load();
  }

  remove() {
    this.wire.close();
    this.#hangUp();
    clearTimeout(this.#slow);
    window.removeEventListener("message", this.greet);
    this.model.off("comm_live_update", this.probe);
    this.frame.remove();
    this.note.remove();
    this.veil.remove();
  }

  /** @param {string} text */
  #say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
    this.frame.style.visibility = text ? "hidden" : "visible";
  }

  /** Says something unless the kernel says something first. @param {string} text */
  #later(text) {
    const { heard } = this.wire;
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => {
      if (this.wire.heard === heard) this.#say(text);
    }, 1000 * SLOW);
  }

  async #load() {
    try {
      const facts = new URLSearchParams({ ...this.who, origin: location.origin });
      if (this.model.get("page")) {
        // A fragment is not sent to the host.
        this.frame.src = `${this.model.get("page")}#${facts}`;
        return;
      }
      const page = await shared(this.model.get("build"), () => this.#fetch());
      this.frame.srcdoc = page.replace('content="viewer"', () => `content="${facts}"`);
    } catch (error) {
      this.#say(`The viewer could not be loaded: ${/** @type {Error} */ (error).message}`);
    }
  }

  async #fetch() {
    const { head, buffers } = await this.wire.ask({ t: "page" });
    if (!buffers[0]) throw new Error(head.message ?? "the kernel sent no page");
    return new Response(new Blob([buffers[0]]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }

  /** The page says hello: it gets its ports, and whoever had some loses them. @param {MessageEvent} event */
  async #greet({ source, origin, data }) {
    const home = this.frame.contentWindow;
    if (!home || source !== home || (this.origin !== "*" && origin !== this.origin)) return;
    if (data?.cellucid !== "hello" || data.viewerToken !== this.who.viewerToken) return;
    this.#hangUp();
    this.wire.begin();
    const [talk, files] = [new MessageChannel(), new MessageChannel()];
    this.#ports = [talk.port1, files.port1];
    // A sandboxed frame's origin cannot be named: the token was checked just now.
    home.postMessage({ cellucid: "connect", ...this.who, limit: LARGEST }, this.origin, [talk.port2, files.port2]);
    const { head } = await this.wire.ask({ t: "hello", agent: navigator.userAgent });
    this.#most = head.limits.request;
    talk.port1.onmessage = ({ data }) => this.#hear(data);
    files.port1.onmessage = ({ data, ports }) => {
      if (data?.picture) this.wire.send({ t: "picture" }, [new Uint8Array(data.picture)]);
      for (const port of ports) this.#serve(port);
    };
    files.port1.postMessage(head);
    this.#say("");
  }

  /** An event from the page. @param {Content} message */
  #hear(message) {
    if (message?.viewerToken !== this.who.viewerToken) return;
    const { viewerToken, ...rest } = message;
    this.#turn = this.#turn.then(() => this.wire.tell(rest, this.#most));
  }

  /** A port over which one of the page's workers asks for bytes. @param {MessagePort} port */
  #serve(port) {
    port.onmessage = async ({ data: { rid, ...question } }) => {
      const { head, buffers } = await this.wire.ask(question);
      port.postMessage({ rid, head, buffers }, buffers);
    };
  }

  /** From the kernel, or about it, to the page. @param {Content} content */
  #pass(content) {
    const [talk, files] = this.#ports;
    if (content.t === "command") talk?.postMessage({ ...content.message, ...this.who });
    else files?.postMessage(content);
  }

  /** Asks whether the kernel still knows this viewer. A new one does not: it never answers. */
  #probe() {
    this.wire.send({ t: "ping", rid: 0 });
    this.#later("The kernel has gone. Run the cell again to see the viewer.");
  }

  #hangUp() {
    for (const port of this.#ports) port.close();
    this.#ports = [];
  }
}

/**
 * The page of a build: the viewers of one notebook share it. One that could not be had is asked for again by the next view.
 *
 * @param {string} build @param {() => Promise<string>} fetch @returns {Promise<string>}
 */
function shared(build, fetch) {
  const home = /** @type {{ [name: symbol]: Map<string, Promise<string>> | undefined }} */ (globalThis);
  const name = Symbol.for("cellucid-relay/pages");
  const pages = home[name] ?? new Map();
  home[name] = pages;
  const found = pages.get(build);
  if (found) return found;
  const page = fetch();
  pages.set(build, page);
  page.catch(() => pages.delete(build));
  return page;
}

export default {
  /** @param {{ model: Model, el: HTMLElement }} place */
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.remove();
  },
};
