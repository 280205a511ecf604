/**
 * The list of what was opened before, on the start card.
 *
 * @import { Store } from "../store.js"
 * @import { Open } from "./drop.js"
 */
import { forget, permit, recents, remember } from "../recent.js";
import { element, known } from "./element.js";

/** @param {Store} store @param {Open} open */
export function recent(store, open) {
  const list = element("ul", {});
  const box = element("section", { className: "recent", "aria-label": "Opened before", hidden: true }, list);

  async function show() {
    const found = await recents();
    box.hidden = found.length === 0;
    list.replaceChildren(
      ...found.map((one) => {
        const again = element(
          "button",
          { className: "quiet", title: typeof one.from === "string" ? one.from : one.label },
          one.label,
        );
        again.addEventListener("click", () =>
          open(async () => {
            await permit(one);
            return { from: one.from, label: one.label, ...(one.beside && { options: { beside: one.beside } }) };
          }),
        );
        const away = element("button", { className: "quiet icon", "aria-label": `Forget ${one.label}`, title: "Forget" }, "×");
        away.addEventListener("click", async () => {
          await forget(one.id);
          await show();
          // The row is gone, and the place of the keyboard with it.
          (box.querySelector("button") ?? document.querySelector("#open button"))?.focus();
        });
        return element("li", {}, again, away);
      }),
    );
  }

  /** @type {unknown} */
  let seen = null;
  store.subscribe(["dataset"], async ({ dataset, source }) => {
    // Columns and genes come as changes of the dataset: only the first counts.
    if (!dataset || dataset.description === seen || !source) return;
    seen = dataset.description;
    await remember(source);
    await show();
  });
  show();
  known("open", HTMLDialogElement).querySelector(".samples")?.before(box);
}
