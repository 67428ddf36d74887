/** A record as the text of its file: YAML as editors write it. */
import { Document, isMap, isPair, isScalar, isSeq, type Node, Scalar, visit } from 'yaml';

const WIDEST_LINE = 100;

const isShort = (value: unknown): boolean =>
  isScalar(value) || ((isMap(value) || isSeq(value)) && value.items.length === 0);

/** Blocks of plain values stand in one line where they fit. */
function fitsOneLine(node: Node): boolean {
  if (isSeq(node)) return node.items.every(isShort) && String(node.toJSON()).length < WIDEST_LINE;
  return (
    isMap(node) && node.items.every(({ value }) => isShort(value)) && JSON.stringify(node.toJSON()).length < WIDEST_LINE
  );
}

const DATE = /^\d{4}-\d{2}(-\d{2})?$/;

/** The file of a record: `data` between two lines "---", the text below. */
export function mdxOf(data: object, body: string): string {
  const document = new Document(data);
  visit(document, {
    Map: (_, node, path) => {
      // The front matter itself is a block.
      if (path.length > 1 && fitsOneLine(node)) node.flow = true;
    },
    Seq: (_, node) => {
      if (fitsOneLine(node)) node.flow = true;
    },
    Scalar: (key, node, path) => {
      const owner = path.at(-1);
      if (key !== 'value' && !(isPair(owner) && owner.value === node)) return;
      const { value } = node;
      if (typeof value === 'string' && (value === '' || DATE.test(value) || value.includes('://'))) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  const yaml = document.toString({ lineWidth: 0, flowCollectionPadding: true, defaultStringType: 'PLAIN' });
  return `---\n${yaml.replaceAll('[ ', '[').replaceAll(' ]', ']')}---\n\n${body}\n`;
}
