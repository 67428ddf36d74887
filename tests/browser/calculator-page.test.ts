import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site, type Visit } from '../support/visit.ts';

/** As in Qwen/Qwen3-8B. */
const CONFIG = JSON.stringify({
  architectures: ['Qwen3ForCausalLM'],
  hidden_size: 4096,
  intermediate_size: 12_288,
  num_hidden_layers: 36,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 128,
  vocab_size: 151_936,
  max_position_embeddings: 40_960,
  tie_word_embeddings: false,
});

describe("the calculator's page", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());
  const patient = { timeout: 20_000 };

  async function open(fragment = ''): Promise<Visit> {
    const visit = await site.visit(`/calculator/${fragment}`);
    await visit.page.locator('calculator-tools[data-ready]').waitFor();
    return visit;
  }
  const tool = (visit: Visit, name: string): Promise<string | null> =>
    visit.page.locator(`[data-tool="${name}"]`).textContent();
  const needs = (visit: Visit): Promise<string | null> =>
    visit.page.locator('[data-part="needs"] data').getAttribute('value');

  test('a shared link opens with its settings, what to change and the command', async () => {
    const visit = await open('#m=gpt-oss-120b&q=mxfp4-moe&c=64k&g=rtx-4090&n=1&r=1024&x=2');
    await expect.poll(() => tool(visit, 'fixes'), patient).toMatch(/Experts of the first \d+ of 36 layers in RAM/);
    expect(await tool(visit, 'command')).toMatch(/-c 65536 -np 1 -ngl 999 --n-cpu-moe 2$/);
    const whole = visit.page.locator('[data-tool="command"] .one');
    expect((await whole.allTextContents()).slice(-4)).toEqual(['-c 65536', '-np 1', '-ngl 999', '--n-cpu-moe 2']);
    expect(await visit.page.locator('[data-part="more"]').textContent()).toMatch(/ GB in RAM\.$/);
    expect(await tool(visit, 'link')).toContain('x=2&r=1024');
    expect(await visit.page.locator('[data-tool="plot"] path').getAttribute('d')).toMatch(/^M0\.0 /);
    expect(visit.complaints).toEqual([]);
    await visit.page.context().close();
  });

  test('a reserve for the display shrinks what is free', async () => {
    const visit = await open('#m=qwen3-8b&q=q4-k-m&c=8k&g=rtx-4090');
    const free = visit.page.locator('[data-part="headroom"]');
    const before = await free.textContent();
    await visit.page.getByText('More settings').click();
    await visit.page.locator('[name="r"]').fill('2048');
    await expect.poll(() => free.textContent(), patient).not.toBe(before);
    await visit.page.context().close();
  });

  test('another engine has its command, its ways to fit and its line in the plot', async () => {
    const visit = await open('#m=gpt-oss-120b&e=vllm&q=MXFP4_EXPERTS&c=32k&g=rtx-4090&n=1&u=92');
    await expect.poll(() => tool(visit, 'fixes'), patient).toMatch(/\d x RTX 4090 \(--tensor-parallel-size \d\)/);
    expect(await tool(visit, 'command')).toBe(
      'vllm serve openai/gpt-oss-120b --max-model-len 32768 --gpu-memory-utilization 0.92',
    );
    expect(await tool(visit, 'command-name')).toBe('vLLM');
    const { page } = visit;
    const line = (): Promise<string | null> => page.locator('[data-tool="plot"] path').getAttribute('d');
    const before = await line();
    await page.locator('[name="e"]').selectOption('mlx');
    await expect.poll(() => tool(visit, 'command'), patient).toBe('mlx_lm.server --model openai/gpt-oss-120b');
    await expect.poll(line, patient).not.toBe(before);
    expect(visit.complaints).toEqual([]);
    await page.context().close();
  });

  test('a number that no field takes ends what was under way for the number before', async () => {
    const visit = await open('#m=qwen3-8b&q=q4-k-m&c=8k&g=rtx-4090');
    const devices = visit.page.locator('[name="n"]');
    await devices.evaluate((field: HTMLInputElement) => {
      for (const typed of ['9', '99']) {
        field.value = typed;
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    });
    const error = await visit.page.locator('[data-part="error"]').textContent();
    expect(error).not.toBe('');
    await visit.page.waitForTimeout(1000);
    expect(await tool(visit, 'fixes')).toBe(error);
    for (const name of ['command', 'link', 'plot']) expect(await tool(visit, name), name).toBe('');
    expect(await visit.page.locator('[data-tool="contexts"] tbody tr').count()).toBe(0);
    expect(await visit.page.locator('[data-part="answer"]').isVisible()).toBe(false);
    await devices.fill('2');
    await expect.poll(() => tool(visit, 'command'), patient).toMatch(/^llama-server /);
    expect(await visit.page.locator('[data-part="answer"]').isVisible()).toBe(true);
    await visit.page.context().close();
  });

  test('a pasted config.json gives the bytes of the model it describes', async () => {
    const visit = await open('#m=qwen3-8b&q=q4-k-m&c=8k&g=rtx-4090');
    const published = await needs(visit);
    await visit.page.locator('[name="m"]').selectOption('deepseek-v4-pro');
    await expect.poll(() => needs(visit), patient).not.toBe(published);
    await visit.page.locator('[name="config"]').fill(CONFIG);
    await visit.page.locator('[data-do="use"]').click();
    await expect.poll(() => needs(visit), patient).toBe(published);
    await expect.poll(() => tool(visit, 'own-note'), patient).toContain('Qwen3ForCausalLM, 36 layers, 40K tokens');
    await visit.page.locator('[name="config"]').fill('{"architectures":["FooForCausalLM"]}');
    await visit.page.locator('[data-do="use"]').click();
    await expect.poll(() => tool(visit, 'own-note'), patient).toContain('Found architecture "FooForCausalLM"');
    expect(visit.complaints).toEqual([]);
    await visit.page.context().close();
  });

  test('a config.json that gives no model says why', async () => {
    const visit = await open();
    const tried = async (config: string): Promise<string | null> => {
      await visit.page.locator('[name="config"]').fill(config);
      await visit.page.locator('[data-do="use"]').click();
      await expect.poll(() => tool(visit, 'own-note'), patient).not.toBe(before);
      before = (await tool(visit, 'own-note')) ?? '';
      return before;
    };
    let before = '';
    expect(await tried('')).toBe('Paste a config.json first.');
    expect(await tried('{')).toMatch(/^config\.json is no JSON: /);
    expect(await tried('{"architectures":["FooForCausalLM"]}')).toMatch(/are not known here\.$/);
    expect(await tried(CONFIG.replace('Qwen3', 'Gemma3').replace('}', ',"sliding_window_pattern":""}'))).toMatch(
      /^No model can be built from this config\.json: /,
    );
    expect(await visit.page.locator('[name="m"] option[value="own-model"]').count()).toBe(0);
    expect(visit.complaints).toEqual([]);
    await visit.page.context().close();
  });

  test('a repository is read where Enter is pressed, and nothing else leaves the page', async () => {
    const visit = await open();
    const { page } = visit;
    const asked: string[] = [];
    let answer = (): Promise<void> => Promise.resolve();
    await page.route('https://huggingface.co/**', async (route) => {
      asked.push(new URL(route.request().url()).pathname);
      await answer();
      const missing = route.request().url().includes('GGUF');
      const headers = { 'access-control-allow-origin': '*' };
      await route.fulfill(missing ? { status: 404, headers } : { body: CONFIG, headers });
    });
    const repository = page.locator('[name="repository"]');
    await page.locator('[name="config"]').fill('{"secret":1}');
    await repository.fill('huggingface.co/Qwen/Qwen3-8B/tree/main');
    await repository.press('Enter');
    await expect.poll(() => tool(visit, 'own-note'), patient).toContain('Qwen3-8B: Qwen3ForCausalLM, 36 layers');
    expect(asked).toEqual(['/Qwen/Qwen3-8B/resolve/main/config.json']);
    expect(new URL(page.url()).search).toBe('');

    await repository.fill('unsloth/Qwen3-8B-GGUF');
    await repository.press('Enter');
    await expect.poll(() => tool(visit, 'own-note'), patient).toContain('name the one of the original model');
    // The answer to a question before comes after that to the next one.
    const { promise: waited, resolve: answerFirst } = Promise.withResolvers<void>();
    answer = () => waited;
    await repository.fill('a/first');
    await repository.press('Enter');
    await expect.poll(() => asked.length).toBe(3);
    answer = () => Promise.resolve();
    await repository.fill('b/second');
    await repository.press('Enter');
    await expect.poll(() => tool(visit, 'own-note'), patient).toContain('second: Qwen3ForCausalLM');
    const late = page.waitForResponse('**/a/first/**');
    answerFirst();
    await late;
    await page.waitForTimeout(300);
    expect(await tool(visit, 'own-note')).toContain('second: ');
    await page.context().close();
  });

  test('a GPU that the engine does not run on is not chosen', async () => {
    const { page } = await site.visit('/about/');
    await page.addInitScript(() => {
      const info = { description: 'NVIDIA GeForce RTX 4090' };
      Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => ({ info }) } });
    });
    await page.goto(`${site.address}/calculator/#e=mlx&m=qwen3-8b`);
    await page.locator('calculator-tools[data-ready]').waitFor();
    const note = page.locator('[data-tool="hardware-note"]');
    await page.locator('[data-do="detect"]').click();
    await expect.poll(() => note.textContent(), patient).toContain('which is no device of the list');
    expect(await page.locator('[name="g"]').inputValue()).toMatch(/^apple-/);
    await page.locator('[name="e"]').selectOption('');
    await page.locator('[data-do="detect"]').click();
    await expect.poll(() => page.locator('[name="g"]').inputValue(), patient).toBe('rtx-4090');
    await page.context().close();
  });

  test('where the data cannot be loaded, what needs it goes', async () => {
    const { page } = await site.visit('/about/');
    await page.route('**/api/v1/calculator.json', (route) => route.abort());
    await page.goto(`${site.address}/calculator/`);
    await expect.poll(() => page.locator('[data-part="error"]').textContent(), patient).toMatch(/^Could not be loaded/);
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(true);
    await expect.poll(() => page.locator('calculator-tools').count(), patient).toBe(0);
    await page.context().close();
  });

  test('where its script cannot be loaded, the page says so and keeps its figures', async () => {
    const { page } = await site.visit('/about/');
    await page.route('**/_astro/calculator.*', (route) => route.abort());
    await page.goto(`${site.address}/models/qwen3-8b/q4-k-m/32k/`);
    await page.locator('vram-calculator').scrollIntoViewIfNeeded();
    const error = page.locator('[data-part="error"]');
    await expect.poll(() => error.isVisible(), patient).toBe(true);
    expect(await error.textContent()).toBe('Could not be loaded. Is there a connection?');
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(true);
    await page.context().close();
  });

  test('a device is remembered when asked, marked in tables, and forgotten', async () => {
    const visit = await open('#m=qwen3-8b&q=q4-k-m&c=8k&g=rtx-4090');
    const { page } = visit;
    await page.locator('[data-do="remember"]').click();
    await page.goto(`${site.address}/models/qwen3-8b/`);
    const mark = page.locator('tr[data-mine] a[href="/gpus/rtx-4090/"]');
    await expect.poll(() => mark.count(), patient).toBe(1);
    // Qwen3 8B at Q4_K_M and 8K plans for 6.4 GB of the card's 25.2.
    await page.locator('#hardware').scrollIntoViewIfNeeded();
    const line = page.locator('p[data-mine]');
    await expect.poll(() => line.textContent(), patient).toMatch(/^Your RTX 4090: fits, 1[78]\.\d GB free\. Largest/);
    await line.getByRole('link').click();
    await expect.poll(() => page.locator('vram-calculator [name="g"]').inputValue()).toBe('rtx-4090');
    await page.goto(`${site.address}/vram/24gb/`);
    await expect.poll(() => page.locator('a[data-mine]').count(), patient).toBeGreaterThan(0);
    await page.goto(`${site.address}/calculator/`);
    await page.locator('calculator-tools[data-ready]').waitFor();
    expect(await page.locator('[name="g"]').inputValue()).toBe('rtx-4090');
    await page.locator('[data-do="forget"]').click();
    await page.goto(`${site.address}/models/qwen3-8b/`);
    await page.locator('#hardware').scrollIntoViewIfNeeded();
    await page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await page.locator('vram-calculator[data-ready]').waitFor();
    expect(await page.locator('[data-mine]').count()).toBe(0);
    await page.context().close();
  });

  test('without JavaScript there is a table', async () => {
    const { page } = await site.visit('/calculator/', { javaScriptEnabled: false });
    expect(await page.locator('calculator-tools').isVisible()).toBe(false);
    expect(await page.locator('#table-grid').isVisible()).toBe(true);
    await page.context().close();
  });
});
