import { type Node, Renderer } from '@takumi-rs/core';
import { LABEL_ENDS_BEYOND } from '../scenarios/bars.ts';
import type { OpenGraphView } from '../scenarios/open-graph.ts';
import type { BarSegment } from '../scenarios/views.ts';
import { SITE_NAME } from './config.ts';
import { OPEN_GRAPH_SIZE } from './metadata.ts';

/** The light theme of the stylesheet; overhead, hatched there, is a paler grey here. */
const COLOURS = {
  paper: '#fbfcfc',
  raised: '#f0f4f5',
  ink: '#13202a',
  muted: '#465661',
  line: '#d2dbdf',
  weights: '#1d4e7c',
  'kv-cache': '#cf7c00',
  state: '#2a8c6a',
  compute: '#a6437e',
  overhead: '#b4bec5',
} as const;

const MARGIN = 72;
const WIDTH = OPEN_GRAPH_SIZE.width - 2 * MARGIN;
const BAR_HEIGHT = 84;
/** Characters of a name that stand on one line at full size. */
const LONG_NAME = 24;

type Style = Readonly<Record<string, string | number>>;

const box = (style: Style, ...children: Node[]): Node => ({ type: 'container', style, children });
const words = (text: string, style: Style): Node => ({ type: 'text', text, style });
const row: Style = { display: 'flex', flexDirection: 'row', alignItems: 'flex-end' };
const column: Style = { display: 'flex', flexDirection: 'column' };

/** Per mille of the bar in pixels. */
const pixels = (perMille: number): number => Math.round((perMille / 1000) * WIDTH);

const colourOf = (part: BarSegment['part']): string => (part === 'free' ? COLOURS.raised : COLOURS[part]);

/** The neatline of the site: black and white by turns, as the frame of a map. */
const neatline = (): Node =>
  box(
    {
      ...row,
      width: OPEN_GRAPH_SIZE.width,
      height: 12,
      borderBottom: `2px solid ${COLOURS.ink}`,
      borderTop: `2px solid ${COLOURS.ink}`,
    },
    ...Array.from({ length: 15 }, (_, index) =>
      box({ width: 80, height: 8, backgroundColor: index % 2 === 0 ? COLOURS.ink : COLOURS.paper }),
    ),
  );

function barNodes({ segments, ticks }: NonNullable<OpenGraphView['bar']>): Node[] {
  const parts = segments.map(({ part, start, width }) =>
    box({
      position: 'absolute',
      left: pixels(start),
      top: 0,
      width: Math.max(2, pixels(width)),
      height: BAR_HEIGHT,
      backgroundColor: colourOf(part),
    }),
  );
  const line = (at: number, top: number, height: number, backgroundColor: string): Node =>
    box({ position: 'absolute', left: Math.min(pixels(at), WIDTH - 2), top, width: 2, height, backgroundColor });
  const marks = ticks.flatMap(({ at, label }) => [
    line(at, 0, BAR_HEIGHT, 'rgba(251, 252, 252, 0.55)'),
    line(at, BAR_HEIGHT, 14, COLOURS.ink),
    words(label, {
      position: 'absolute',
      left: Math.min(pixels(at) - 60, WIDTH - 120),
      top: BAR_HEIGHT + 16,
      width: 120,
      textAlign: at > LABEL_ENDS_BEYOND ? 'right' : 'center',
      fontSize: 24,
      color: COLOURS.muted,
    }),
  ]);
  return [
    box(
      {
        position: 'relative',
        width: WIDTH,
        height: BAR_HEIGHT + 56,
      },
      box({
        position: 'absolute',
        left: 0,
        top: 0,
        width: WIDTH,
        height: BAR_HEIGHT,
        backgroundColor: COLOURS.raised,
        border: `1px solid ${COLOURS.line}`,
      }),
      ...parts,
      ...marks,
    ),
  ];
}

function picture({ kicker, name, figures, note, bar }: OpenGraphView): Node {
  return box(
    {
      ...column,
      width: '100%',
      height: '100%',
      backgroundColor: COLOURS.paper,
      color: COLOURS.ink,
      fontFamily: 'Gelasio',
      fontFeatureSettings: '"lnum"',
    },
    neatline(),
    box(
      {
        ...column,
        padding: `44px ${MARGIN}px 40px`,
        height: OPEN_GRAPH_SIZE.height - 12,
        justifyContent: 'space-between',
      },
      box(
        column,
        words(kicker, { fontSize: 32, color: COLOURS.muted }),
        words(name, { fontSize: name.length > LONG_NAME ? 60 : 82, fontWeight: 700, lineHeight: 1.12 }),
      ),
      box(
        { ...row, columnGap: 64 },
        ...figures.map(({ term, amount }, index) =>
          box(
            column,
            words(term, { fontSize: 26, color: COLOURS.muted }),
            words(amount, { fontSize: index === 0 ? 78 : 54, fontWeight: 700, lineHeight: 1.1 }),
          ),
        ),
      ),
      ...(bar ? barNodes(bar) : []),
      box(
        { ...row, justifyContent: 'space-between' },
        words(note, { fontSize: bar ? 26 : 34, color: COLOURS.muted, maxWidth: 800, lineHeight: 1.3 }),
        words(SITE_NAME, { fontSize: 30, fontWeight: 700 }),
      ),
    ),
  );
}

const renderers = new WeakMap<object, Renderer>();

/**
 * The picture as PNG; the same view and fonts make the same bytes.
 * @param fonts files of the regular and the bold face of Gelasio
 */
export async function openGraphImage(
  view: OpenGraphView,
  fonts: readonly Uint8Array[],
): Promise<Uint8Array<ArrayBuffer>> {
  let renderer = renderers.get(fonts);
  if (!renderer) {
    renderer = new Renderer();
    for (const data of fonts) await renderer.registerFont(data);
    renderers.set(fonts, renderer);
  }
  return new Uint8Array(await renderer.render(picture(view), { ...OPEN_GRAPH_SIZE, format: 'png' }));
}
