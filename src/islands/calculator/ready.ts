/** Resolves when the calculator has answered for the first time. */
export function ready(calculator: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    if (calculator.dataset['ready'] !== undefined) {
      resolve();
      return;
    }
    const observer = new MutationObserver(() => {
      if (calculator.dataset['ready'] === undefined) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(calculator, { attributeFilter: ['data-ready'] });
  });
}
