/** Gene sets: what is kept of what was given, CELLxGENE's table and GMT in both directions, and what is no such file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { joined, sound } from "../../www/geneset.js";
import { lines, parse, table } from "../../www/setfiles.js";

/** @param {string} name @param {string} description @param {...string} genes `symbol` or `symbol: description` */
const set = (name, description, ...genes) => ({
  name,
  description,
  genes: genes.map((gene) => {
    const [symbol = "", told = ""] = gene.split(": ");
    return { symbol, description: told };
  }),
});

const SETS = [
  set("T cells", 'by "CD3", mostly', "CD3E: epsilon, a chain", "CD3D"),
  set("empty, on purpose", ""),
  set("NK", "natural\nkillers", "NKG7", "GNLY: granulysin"),
];

test("a table as it is saved is read again, whatever is in the names", () => {
  const text = table(SETS);
  assert.equal(text.split("\r\n")[0], "gene_set_name,gene_set_description,gene_symbol,gene_description");
  assert.deepEqual(parse(text, "sets.csv"), SETS);
});

test("tables as others write them: remarks, other columns, other order, tabs, a mark in front, no end of the last line", () => {
  const wanted = [set("A", "first", "G1: one", "G2"), set("B", "", "G3")];
  for (const text of [
    "# made by hand\ngene_set_name,gene_set_description,gene_symbol,gene_description\nA,first,G1,one\nA,,G2,\n\nB,,G3,",
    "\uFEFFgene_symbol,gene_set_name,source,gene_description,gene_set_description\r\nG1,A,x,one,first\r\nG2,A,x\r\nG3,B,x,,\r\n",
    'gene_set_name\tgene_set_description\tgene_symbol\tgene_description\nA\t"first"\tG1\tone\nA\tfirst\tG2\t\nB\t\tG3\t\n',
  ])
    assert.deepEqual(parse(text, "sets.csv"), wanted, text);
});

test("GMT: a set a line", () => {
  const text = lines(SETS.filter(({ genes }) => genes.length));
  assert.equal(text, 'T cells\tby "CD3", mostly\tCD3E\tCD3D\nNK\tnatural killers\tNKG7\tGNLY\n');
  assert.deepEqual(parse(`${text}OTHER\thttps://host/x\tG1\tG1\t\tG2\r\n`, "c2.gmt"), [
    set("T cells", 'by "CD3", mostly', "CD3E", "CD3D"),
    set("NK", "natural killers", "NKG7", "GNLY"),
    set("OTHER", "https://host/x", "G1", "G2"),
  ]);
});

test("what is no file of gene sets is refused with what to do", () => {
  for (const [text, words] of /** @type {const} */ ([
    ["", /no gene sets/],
    ["CD3E, CD3D\nNKG7", /no gene sets/],
    ["name\tone", /no gene sets/],
    ["\0\x01\x02\xff", /no gene sets/],
    ["gene_set_name,gene\nA,G1", /no column "gene_symbol": it has gene_set_name, gene/],
    ["gene_set_name,gene_set_description,gene_symbol,gene_description\n", /the table has no gene set/],
    ['gene_set_name,gene_symbol\n"A', /row 2 .* quotation mark/],
  ])) {
    assert.throws(
      () => parse(text, "sets.csv"),
      (/** @type {any} */ error) =>
        words.test(error.message) && error.file === "sets.csv" && /GMT/.test(error.advice) && error.code === "malformed",
      text,
    );
  }
});

test("of what was given, what can be used; of like names the later", () => {
  for (const nothing of [null, 1, "x", {}, [null, 1, { name: 3 }, { name: " " }, { genes: [] }]])
    assert.deepEqual(sound(nothing), []);
  const given = [
    { name: " A ", genes: [{ symbol: "G1" }, { symbol: "G1", description: "again" }, { symbol: "" }, null, "G2"] },
    { name: "B", description: 5, genes: "G3" },
  ];
  assert.deepEqual(sound(given), [set("A", "", "G1: again"), set("B", "")]);
  assert.deepEqual(joined([set("A", ""), set("B", "")], [set("A", "new"), set("C", "")]), [
    set("A", "new"),
    set("B", ""),
    set("C", ""),
  ]);
});
