/**
 * Commands from our own relay, where no page around this one gives them: a stream of events that the browser connects to again by
 * itself, from where it broke off.
 *
 * @param {string} server ends with a slash
 * @param {{ viewerId: string, viewerToken: string }} who
 * @param {(message: unknown) => void} hear
 * @returns {() => void} ends it
 */
export function follow(server, { viewerId, viewerToken }, hear) {
  const address = new URL("_cellucid/commands", server);
  address.search = new URLSearchParams({ viewerId, viewerToken }).toString();
  const stream = new EventSource(address);
  stream.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  return () => stream.close();
}
