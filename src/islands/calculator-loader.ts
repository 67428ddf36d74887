/**
 * Loads the calculator when it comes into view, is touched, or a shared link carries settings for it.
 * Until then, and without JavaScript, its HTML shows the figures of the page.
 */
import { isStateFragment } from './calculator/fragment.ts';

const calculator = document.querySelector('vram-calculator');

if (calculator) {
  const load = (): void => {
    observer.disconnect();
    void import('./calculator.ts');
  };
  const loadIfShared = (): void => {
    if (isStateFragment(location.hash)) load();
  };
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) load();
  });
  observer.observe(calculator);
  for (const event of ['pointerover', 'focusin']) calculator.addEventListener(event, load, { once: true });
  addEventListener('hashchange', loadIfShared);
  loadIfShared();
}
