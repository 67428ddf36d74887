import source from '../islands/waiting.js?raw';

let pageScript = '/src/islands/page.ts';

/** Says where `islands/page.ts` is in what is built; the development server has it where it is written. */
export function setPageScript(path: string): void {
  pageScript = path;
}

/** The script in the head of every page. Its import would otherwise be one beside the page. */
export const waitingScript = (): string => source.replace('./page.ts', pageScript);
