/** Small windows and frames: what lies over the plot keeps apart and within it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rested, shoot } from "./browser.js";
import { patch, sample, stage } from "./shown.js";

const here = stage();

for (const [width, height] of /** @type {const} */ ([
  [360, 640],
  [600, 700],
  [700, 500],
  [800, 500],
  [1000, 560],
])) {
  test(`what lies over the plot does not overlap at ${width} × ${height}`, async () => {
    const { page, errors } = await sample(here.browser, here.server, { viewport: { width, height } });
    // As much of it as there can be: a tool with choices, a selection, groups of the person and of a notebook.
    await patch(page, {
      tool: "near",
      selection: { cells: [1, 2, 3], source: "lasso" },
      highlights: ["First", "A group with rather a long name", "Third"].map((label, at) => {
        return { id: `group_${at}`, label, color: "#e0245e", cells: [at], ...(at && { type: "lasso" }) };
      }),
      tab: "legend",
    });
    await rested(page);
    await shoot(page, `narrow-${width}`);
    const found = await page.evaluate(() => {
      const stage = document.querySelector("#stage")?.getBoundingClientRect();
      const boxes = ["#tools", "#choose", "#chosen", "#groups"].map((name) => {
        const { left = 0, right = 0, top = 0, bottom = 0 } = document.querySelector(name)?.getBoundingClientRect() ?? {};
        return { name, left, right, top, bottom };
      });
      const out = boxes.filter(({ left, right, top, bottom }) => {
        return (
          !stage || left < stage.left || right > stage.right || top < stage.top || bottom > stage.bottom || right - left < 20
        );
      });
      const over = boxes.flatMap((a, at) =>
        boxes
          .slice(at + 1)
          .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
          .map((b) => `${a.name} ${b.name}`),
      );
      // What the sides hold stays within them, where they are seen.
      for (const part of document.querySelectorAll("#tabs button, #score-button")) {
        const aside = part.closest("aside")?.getBoundingClientRect();
        const { left, right } = part.getBoundingClientRect();
        if (aside?.width && (left < aside.left || right > aside.right + 0.5)) {
          out.push({ name: part.id, left, right, top: 0, bottom: 0 });
        }
      }
      const wide = document.documentElement.scrollWidth > innerWidth;
      return { out: out.map(({ name }) => name), over, wide };
    });
    assert.deepEqual(found, { out: [], over: [], wide: false });
    assert.deepEqual(errors, []);
    await page.context().close();
  });
}
