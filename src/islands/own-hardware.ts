/**
 * The device that a reader asked the calculator to remember: marked wherever a page names it, and held against the page's
 * own scenario above the devices that fit. Loaded only where something is remembered.
 */

import { type Hardware, keptHardware } from './calculator/hardware.ts';

/** Marks the row of the device in tables, and its name elsewhere. */
function markNames({ gpu }: Hardware): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>(`main a[href="/gpus/${CSS.escape(gpu)}/"]`)) {
    const marked = link.closest('th')?.closest('tr') ?? link;
    marked.dataset['mine'] = '';
  }
}

const kept = keptHardware();
const section = document.querySelector('main #hardware + .sec-body');

if (kept) {
  markNames(kept);
  if (section && document.querySelector('vram-calculator') && !document.querySelector('calculator-tools')) {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        void import('./own-answer.ts').then(({ answerFor }) => answerFor(kept, section));
      },
      // A screen ahead: what is being read does not move.
      { rootMargin: '100%' },
    );
    observer.observe(section);
  }
}
