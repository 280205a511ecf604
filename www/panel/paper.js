/** A drawing as a page of its own size, for the browser's own printing: that is how it becomes a PDF with real text and shapes. */

/** What was put into the page for the last printing. @type {() => void} */
let clean = () => {};

/** @param {SVGSVGElement} svg */
export function print(svg) {
  clean();
  const [width, height] = ["width", "height"].map((name) => svg.getAttribute(name));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    @page { size: ${width}px ${height}px; margin: 0; }
    @media print {
      html, body { display: block; height: auto; min-height: 0; margin: 0; padding: 0; overflow: visible; background: none; }
      body > :not(svg.paper) { display: none !important; }
      svg.paper { display: block; break-inside: avoid; }
    }
    @media screen { svg.paper { display: none; } }
  `);
  svg.setAttribute("class", "paper");
  document.body.append(svg);
  document.adoptedStyleSheets.push(sheet);
  clean = () => {
    svg.remove();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  };
  addEventListener("afterprint", () => clean(), { once: true });
  globalThis.print();
}
