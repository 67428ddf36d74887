/**
 * The search box: what is typed is understood or searched for, and offered below the box; Enter goes to the page that
 * the query names, otherwise to the list of results. Without this script the form leads to that page all the same.
 */
import { buildSearch, type Search } from './search/index.ts';
import { type Destination, type SearchData, understand } from './search/understand.ts';

const MOST_OFFERED = 8;
const ELSEWHERE = 'Every page is in the lists below.';
const NOT_LOADED = `The search could not be loaded. ${ELSEWHERE}`;

async function loadData(href: string): Promise<SearchData> {
  const response = await fetch(href);
  if (!response.ok) throw new Error(`${href}: ${response.status}`);
  const data: SearchData = await response.json();
  if (data.version !== 1) throw new Error(`${href}: version ${data.version}`);
  return data;
}

/** Writes the results of the page's own query where the page has room for them. */
function showResults(place: HTMLElement, search: Search, query: string): void {
  const results = search(query);
  const list = document.createElement('ol');
  list.append(
    ...results.map(({ text, href }) => {
      const link = document.createElement('a');
      link.href = href;
      link.textContent = text;
      const item = document.createElement('li');
      item.append(link);
      return item;
    }),
  );
  const heading = document.createElement('h2');
  heading.textContent = results.length > 0 ? `Pages for "${query}"` : `Nothing is called "${query}"`;
  place.replaceChildren(heading, results.length > 0 ? list : ELSEWHERE);
}

/** Makes the box of `form` answer while the reader types. Called once, when the box is first touched. */
export async function start(form: HTMLFormElement): Promise<void> {
  const input = form.querySelector('input');
  const offers = form.querySelector('datalist');
  const place = document.querySelector<HTMLElement>('[data-search-results]');
  if (!input || !offers) throw new Error('The search form has no input or no datalist');
  let data: SearchData;
  try {
    data = await loadData(form.dataset['source'] ?? '');
  } catch {
    if (place) place.textContent = NOT_LOADED;
    return;
  }
  const search = buildSearch(data);
  let offered: readonly Destination[] = [];
  const offer = (): void => {
    offered = input.value.trim().length < 2 ? [] : search(input.value).slice(0, MOST_OFFERED);
    offers.replaceChildren(...offered.map(({ text }) => new Option(text, text)));
  };
  input.addEventListener('input', (event) => {
    // A choice from the list comes without an input type (Chromium) or as a replacement (Firefox).
    const chosen = !(event instanceof InputEvent) || event.inputType === 'insertReplacementText';
    const own = chosen ? offered.find(({ text }) => text === input.value) : undefined;
    if (own) location.assign(own.href);
    else offer();
  });
  form.addEventListener('submit', (event) => {
    const own = understand(input.value, data);
    if (!own) return;
    event.preventDefault();
    location.assign(own.href);
  });
  offer();
  const asked = new URLSearchParams(location.search).get('q')?.trim();
  if (place && asked) {
    input.value = asked;
    showResults(place, search, asked);
  }
  form.dataset['ready'] = '';
}
