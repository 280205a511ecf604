/**
 * The page inside a notebook's frame: opens what the kernel shows, over a port that the embedding window hands over together with the
 * bridge's own.
 *
 * @import { Remote } from "../../www/engine/messages.js"
 */
import { identify } from "../../www/bridge/identity.js";
import { store } from "../../www/main.js";
import { picture } from "./picture.js";

const who = identify(document);
/** Where files come from, and pictures go. @type {MessagePort | null} */
let line = null;

window.addEventListener("message", ({ source, data, ports }) => {
  const files = ports[1];
  if (source !== window.parent || data?.cellucid !== "connect" || !who || data.viewerToken !== who.viewerToken || !files) return;
  line?.close();
  line = files;
  files.onmessage = ({ data: news }) => {
    if (news.t === "welcome") open(files, news);
    else if (news.t === "state" && !store.state.frozen) store.patch({ notice: news.busy ? "The kernel is busy…" : "" });
  };
});

/** @param {MessagePort} files @param {{ source: any, options: any, limits: Remote["limits"] }} welcome */
function open(files, { source: { kind, name, size, url, source, beside }, options, limits }) {
  const dial = () => {
    const { port1, port2 } = new MessageChannel();
    files.postMessage("dial", [port2]);
    return { port: port1, kind, name, size, source, beside, limits };
  };
  store.patch({ source: { from: kind === "address" ? url : { dial }, label: name, options } });
}

picture(store, (bytes) => line?.postMessage({ picture: bytes }, [bytes]));

// There is no module to import here: for the console, and for tests.
Object.assign(window, { cellucid: { store } });
