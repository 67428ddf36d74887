import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { deviceOf } from '../../src/scenarios/devices.ts';
import {
  DEFAULT_SETTINGS,
  DEFAULT_VLLM_SETTINGS,
  estimateLlamaCpp,
  estimateVllm,
  formatCount,
  formatOf,
  type Settings,
  schemeOf,
} from '../../src/vram/index.ts';
import { GOLDEN_PATH } from '../support/site.ts';
import { openSite, type Site, type Visit } from '../support/visit.ts';

const PARTS = ['plan-for', 'needs', 'weights', 'kv-cache', 'state', 'compute'];

describe('the calculator', () => {
  const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../..'));
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  /** The estimator's own bytes, without the browser. */
  function needsOf(id: string, scheme: string, changes: Partial<Settings>): number {
    const model = catalog.byId.models.get(id);
    if (model?.architecture === undefined) throw new Error(`${id} has no architecture`);
    const settings = { ...DEFAULT_SETTINGS, ...changes };
    return estimateLlamaCpp(model.architecture, schemeOf(scheme), settings, { mtpInFile: model.mtpInFile === true })
      .device.total;
  }

  async function openCalculator(path: string): Promise<Visit> {
    const visit = await site.visit(path);
    await visit.page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await visit.page.locator('vram-calculator[data-ready]').waitFor();
    return visit;
  }

  async function bytesOf(page: Page, part: string): Promise<number> {
    return Number(await page.locator(`vram-calculator [data-part="${part}"] data`).getAttribute('value'));
  }

  const hashOf = (page: Page): Promise<string> => page.evaluate(() => location.hash);

  async function figuresOf(page: Page): Promise<unknown> {
    // What the devices hold follows the other figures.
    await page.locator('vram-calculator [role="status"]:not([aria-busy="true"])').waitFor();
    const parts = await Promise.all(PARTS.map(async (part) => [part, await bytesOf(page, part)] as const));
    // biome-ignore lint/performance/useDomNodeTextContent: text that nobody sees does not count
    const text = await page.locator('vram-calculator .card').innerText();
    return { ...Object.fromEntries(parts), text };
  }

  test('starts with exactly what the page says', async () => {
    const plain = await site.visit(GOLDEN_PATH, { javaScriptEnabled: false });
    const live = await openCalculator(GOLDEN_PATH);
    expect(await figuresOf(live.page)).toEqual(await figuresOf(plain.page));
    expect(await bytesOf(live.page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 1048576 }));
    expect(live.complaints).toEqual([]);
  });

  test('follows quant, context, types and model to the byte', async () => {
    const { page, complaints } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'Q8_0' });
    await page.getByRole('combobox', { name: 'Context' }).fill('32k');
    expect(await bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q8_0', { context: 32768 }));

    await page.getByRole('combobox', { name: 'Model' }).selectOption({ label: 'Llama 3.1 8B' });
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'Type of K' }).selectOption('q8_0');
    await page.getByRole('combobox', { name: 'Type of V' }).selectOption('q4_0');
    await page.getByRole('spinbutton', { name: 'Parallel sequences' }).fill('4');
    await page.getByRole('spinbutton', { name: 'Micro-batch' }).fill('1024');
    const settings: Partial<Settings> = {
      context: 32768,
      kType: 'q8_0',
      vType: 'q4_0',
      sequences: 4,
      microBatch: 1024,
    };
    expect(await bytesOf(page, 'needs')).toBe(needsOf('llama-3-1-8b', 'Q8_0', settings));
    expect(complaints).toEqual([]);
  });

  test('the device and its number decide the fit', async () => {
    const { page } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    const fit = page.locator('[data-part="fit-text"]');
    const context = page.locator('[data-part="largest-context"]');
    await page.getByRole('combobox', { name: 'Device' }).selectOption('rtx-3090');
    expect(await fit.textContent()).toBe('fits');
    await expect.poll(() => context.textContent()).toContain('128K tokens, the maximum');
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'BF16' });
    await page.getByRole('combobox', { name: 'Context' }).fill('128k');
    expect(await fit.textContent()).toBe('does not fit');
    await page.getByRole('spinbutton', { name: 'Number of devices' }).fill('2');
    await expect.poll(() => fit.textContent()).toBe('fits');
  });

  test('figures come first, then what several devices hold, in lines of the same height', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    const order = await page.evaluate(async () => {
      const calculator = document.querySelector('vram-calculator');
      const part = (name: string): Element | null | undefined => calculator?.querySelector(`[data-part="${name}"]`);
      const live = calculator?.querySelector('[role="status"]');
      const card = calculator?.querySelector('.card');
      const control = calculator?.querySelector<HTMLInputElement>('[name="b"]');
      if (!live || !card || !control) throw new Error('the calculator lacks a part');
      const now = () => ({
        needs: part('needs')?.textContent,
        headroom: part('headroom')?.textContent,
        busy: live.ariaBusy,
        height: card.clientHeight,
      });
      const before = now();
      const seen: ReturnType<typeof now>[] = [];
      const observer = new MutationObserver(() => seen.push(now()));
      observer.observe(calculator as Element, { subtree: true, childList: true, attributes: true });
      control.value = '4096';
      control.dispatchEvent(new Event('input', { bubbles: true }));
      while (live.ariaBusy !== 'false' || seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      return { before, first: seen.find(({ needs }) => needs !== before.needs), last: now() };
    });
    const { before, first, last } = order;
    expect(first).toEqual({ ...last, headroom: before.headroom, busy: 'true' });
    expect(last.headroom).not.toBe(before.headroom);
  });

  test('answers made while the reader is at a setting change nothing that is shown', async () => {
    const { page, complaints } = await openCalculator('/models/deepseek-v4-flash/q4-k-m/32k/');
    // Whoever plans ahead wants to know of the next setting.
    await page.locator('vram-calculator').evaluate((calculator) => {
      const listen = calculator.addEventListener;
      calculator.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
        if (type === 'focusin') document.title = 'ahead';
        listen.call(calculator, type, listener);
      };
    });
    await page.getByText('More settings').click();
    const before = await figuresOf(page);
    const names = await page
      .locator('vram-calculator [name]:visible')
      .evaluateAll((controls) => controls.map((control) => control.getAttribute('name')));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      await page.locator(`vram-calculator [name="${name}"]`).focus();
      await page.waitForTimeout(150);
      expect(await figuresOf(page), `while at ${name}`).toEqual(before);
    }
    expect(await page.title()).toBe('ahead');
    await page.getByRole('combobox', { name: 'Type of K' }).selectOption('q8_0');
    await page.getByRole('spinbutton', { name: 'Layers with experts in RAM' }).fill('20');
    const settings: Partial<Settings> = { context: 32_768, kType: 'q8_0', vType: 'q8_0', cpuMoeLayers: 20 };
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-flash', 'Q4_K_M', settings));
    expect(complaints).toEqual([]);
  });

  test('a model that keeps K and V in one row has one type for both, also in its command and link', async () => {
    const { page } = await openCalculator('/models/deepseek-v4-flash/q4-k-m/32k/');
    await page.getByText('More settings').click();
    const [kType, vType] = ['K', 'V'].map((side) => page.getByRole('combobox', { name: `Type of ${side}` }));
    expect(await vType?.isVisible()).toBe(false);
    await kType?.selectOption('q8_0');
    const settings: Partial<Settings> = { context: 32_768, kType: 'q8_0', vType: 'q8_0' };
    expect(await bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-flash', 'Q4_K_M', settings));
    await expect.poll(() => hashOf(page)).toMatch(/k=q8_0/);

    const { page: shared } = await openCalculator(`/calculator/${await hashOf(page)}`);
    await expect.poll(() => bytesOf(shared, 'needs')).toBe(needsOf('deepseek-v4-flash', 'Q4_K_M', settings));
    await expect.poll(() => shared.locator('[data-tool="command"]').textContent()).toContain('-ctk q8_0 -ctv q8_0');
    await page.getByRole('combobox', { name: 'Model' }).selectOption('llama-3-1-8b');
    await expect.poll(() => vType?.isVisible()).toBe(true);
  });

  test('says why the engine refuses, and recovers', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Model' }).selectOption('llama-3-1-8b');
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'FlashAttention' }).selectOption('off');
    await page.getByRole('combobox', { name: 'Type of V' }).selectOption('q8_0');
    const error = page.locator('[data-part="error"]');
    expect(await error.textContent()).toContain('FlashAttention');
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(false);
    await page.getByRole('combobox', { name: 'FlashAttention' }).selectOption('auto');
    expect(await error.isVisible()).toBe(false);
    for (const context of ['many', '', '0', '-5', '32.768', '1e9', '99,999,999,999']) {
      await page.getByRole('combobox', { name: 'Context' }).fill(context);
      expect(await error.textContent(), context).toContain('Context takes tokens');
    }
    // Whatever else is changed, there is no answer for a context that is not in the form.
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption('q8-0');
    expect(await error.textContent()).toContain('Context takes tokens');
    await page.getByRole('combobox', { name: 'Context' }).fill('32 K');
    expect(await error.isVisible()).toBe(false);
  });

  test('a context beyond the next model is cut to its longest', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Model' }).selectOption('llama-3-1-8b');
    expect(await page.getByRole('combobox', { name: 'Context' }).inputValue()).toBe('128k');
    const needs = needsOf('llama-3-1-8b', 'Q4_K_M', { context: 131072 });
    // The graph of another family is loaded first.
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needs);
  });

  test('its settings travel in the address; parts that make no sense are ignored', async () => {
    const first = await openCalculator(GOLDEN_PATH);
    await first.page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'Q5_K_M' });
    await first.page.getByRole('combobox', { name: 'Context' }).fill('20000');
    await first.page.getByRole('spinbutton', { name: 'Number of devices' }).fill('4');
    await expect.poll(() => hashOf(first.page)).toMatch(/c=20000.*n=4/);
    const hash = await hashOf(first.page);

    const shared = await openCalculator(`/models/llama-3-1-8b/q4-k-m/8k/${hash}`);
    expect(await figuresOf(shared.page)).toEqual(await figuresOf(first.page));

    const plain = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    const spoiled = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/#m=nothing&q=<b>&c=-5&n=1e9&k=f17&g=');
    expect(await figuresOf(spoiled.page)).toEqual(await figuresOf(plain.page));
    expect(spoiled.complaints).toEqual([]);

    await first.page.getByRole('button', { name: 'Reset' }).click();
    expect(await hashOf(first.page)).toBe('');
    expect(await bytesOf(first.page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 1048576 }));
  });

  test('the address alone decides: nothing stays of the settings before a link, and going back brings the own ones', async () => {
    const { page, complaints } = await openCalculator('/models/qwen3-8b/q4-k-m/32k/');
    const before = await figuresOf(page);
    const value = (key: string): Promise<string> => page.locator(`vram-calculator [name="${key}"]`).inputValue();
    const go = (hash: string): Promise<void> =>
      page.evaluate((own) => {
        location.hash = own;
      }, hash);
    await go('#e=mlx&m=gpt-oss-20b&c=64k&r=2048');
    await expect.poll(() => value('q')).toBe('MLX_MXFP4_Q8');
    await go('#m=gpt-oss-120b&q=mxfp4-moe&c=16k');
    await expect.poll(() => value('q')).toBe('mxfp4-moe');
    expect([await value('e'), await value('m'), await value('r')]).toEqual(['', 'gpt-oss-120b', '0']);
    await go('#e=vllm');
    await expect.poll(() => value('q')).toBe('AWQ');
    expect([await value('m'), await value('c'), await value('u')]).toEqual(['qwen3-8b', '32k', '92']);
    for (const _ of [1, 2, 3]) await page.goBack();
    await expect.poll(() => value('q')).toBe('q4-k-m');
    await expect.poll(() => figuresOf(page)).toEqual(before);
    expect(complaints).toEqual([]);
  });

  test('a link shows what it sets, and no figures of other settings where it has no answer', async () => {
    const { page } = await openCalculator('/models/qwen3-8b/q4-k-m/32k/#m=llama-3-1-8b&c=1m');
    expect(await page.locator('[data-part="error"]').textContent()).toBe('Llama 3.1 8B takes at most 128K tokens.');
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(false);
    expect(await page.locator('[name="r"]').isVisible()).toBe(false);
    const { page: reserved } = await openCalculator('/models/qwen3-8b/q4-k-m/32k/#r=2048');
    expect(await reserved.locator('[name="r"]').isVisible()).toBe(true);
  });

  test('is heard as a whole, and only where something changed', async () => {
    const { page } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    expect(await page.locator('vram-calculator').getByRole('status').count()).toBe(1);
    const needs = await page.locator('[data-part="needs"] data').evaluateHandle((data) => data.firstChild);
    await page.getByRole('combobox', { name: 'Device' }).selectOption('rtx-3090');
    await expect.poll(() => page.locator('[data-part="headroom"]').textContent()).toMatch(/^1\d\.\d GB free$/);
    expect(await needs.evaluate((text) => text?.isConnected)).toBe(true);
  });

  test('says where attention runs on the CPU, and where released builds stop', async () => {
    const { page, complaints } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    const more = page.locator('[data-part="more"]');
    await page.getByText('More settings').click();
    const kType = page.getByRole('combobox', { name: 'Type of K' });
    const vType = page.getByRole('combobox', { name: 'Type of V' });
    await vType.selectOption('q5_1');
    await expect.poll(() => more.textContent()).toMatch(/no FlashAttention kernel for these cache types/);
    await vType.selectOption('q8_0');
    await kType.selectOption('q8_0');
    await expect.poll(() => more.textContent()).toBe('');
    await page.getByRole('spinbutton', { name: 'Number of devices' }).fill('16');
    await expect.poll(() => more.textContent()).toMatch(/at most 15 devices/);
    await page.getByRole('spinbutton', { name: 'Number of devices' }).fill('15');
    await expect.poll(() => more.textContent()).toBe('');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('says what could not be loaded, and tries again', async () => {
    const { page } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    await page.route('**/_astro/kimi-k3-classes.*', (route) => route.abort());
    await page.getByRole('combobox', { name: 'Model' }).selectOption('kimi-k3');
    const error = page.locator('[data-part="error"]');
    await expect.poll(() => error.textContent()).toBe('Could not be loaded. Is there a connection?');
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(false);
    await page.unroute('**/_astro/kimi-k3-classes.*');
    await page.getByRole('combobox', { name: 'Context' }).fill('32,768');
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needsOf('kimi-k3', 'Q4_K_M', { context: 32_768 }));
    expect(await error.isVisible()).toBe(false);
  });

  test('another engine brings its code, formats and settings; the link keeps them, and Reset goes back', async () => {
    const { page, requests, complaints } = await openCalculator('/models/qwen3-8b/q4-k-m/32k/');
    const before = await figuresOf(page);
    expect(requests.filter((path) => path.includes('served'))).toEqual([]);
    const gpu = page.getByRole('combobox', { name: 'Device' });
    const format = page.getByRole('combobox', { name: 'Quantization' });
    await gpu.selectOption('rtx-4090');
    await page.getByRole('combobox', { name: 'Engine' }).selectOption('vLLM');
    await expect.poll(() => format.inputValue()).toBe('AWQ');
    expect(requests.filter((path) => path.includes('served')).length).toBeGreaterThan(0);
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'Type of the KV cache' }).selectOption('fp8');
    await page.getByRole('spinbutton', { name: 'GPUs, tensor parallel' }).fill('2');
    await page.getByRole('spinbutton', { name: 'GPU memory utilization, %' }).fill('90');
    expect(await page.getByRole('spinbutton', { name: 'Micro-batch' }).isVisible()).toBe(false);

    const model = catalog.byId.models.get('qwen3-8b');
    const device = catalog.resolveGpu('rtx-4090');
    if (!model?.architecture || !device) throw new Error('the catalogue lacks Qwen3 8B or the RTX 4090');
    const { device: needs, pool } = estimateVllm(model.architecture, formatOf('AWQ'), {
      ...DEFAULT_VLLM_SETTINGS,
      context: 32_768,
      positions: model.context.native,
      kvType: 'fp8',
      tensorParallel: 2,
      gpuMemoryUtilization: 0.9,
      gpu: { bytes: deviceOf(device)?.device.usableBytes ?? 0, isA100: false },
    });
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needs.total);
    const more = page.locator('[data-part="more"]');
    expect(await more.textContent()).toContain(`(${formatCount(pool?.tokens ?? 0)} tokens in vLLM's log)`);

    await expect.poll(() => hashOf(page)).toMatch(/e=vllm.*q=AWQ.*k=fp8.*n=2.*u=90/);
    const link = await hashOf(page);
    const shared = await openCalculator(`/models/llama-3-1-8b/q4-k-m/8k/${link}`);
    await expect.poll(() => figuresOf(shared.page)).toEqual(await figuresOf(page));

    await page.getByRole('combobox', { name: 'Engine' }).selectOption('MLX');
    await expect.poll(() => format.inputValue()).toBe('MLX_4BIT');
    expect(await gpu.inputValue()).toMatch(/^apple-/);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => figuresOf(page)).toEqual(before);
    expect(await format.inputValue()).toBe('q4-k-m');
    expect(complaints).toEqual([]);
  });

  test('offers experts, drafts and a projector for the models that have them', async () => {
    const { page } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    await page.getByText('More settings').click();
    const experts = page.getByRole('spinbutton', { name: 'Layers with experts in RAM' });
    const mtp = page.getByRole('combobox', { name: 'Multi-token prediction' });
    const projector = page.getByRole('combobox', { name: 'Projector' });
    for (const control of [experts, mtp, projector]) expect(await control.isVisible()).toBe(false);

    const own = catalog.estimableModels.find(
      (model) => model.projector && model.architecture.nextTokenLayers !== undefined,
    );
    if (!own?.projector) throw new Error('no model has a projector and multi-token prediction');
    await page.getByRole('combobox', { name: 'Model' }).selectOption(own.id);
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needsOf(own.id, 'Q4_K_M', { context: 8192 }));
    await projector.selectOption('loaded');
    await expect
      .poll(() => bytesOf(page, 'needs'))
      .toBe(needsOf(own.id, 'Q4_K_M', { context: 8192 }) + own.projector.bytes);
    await mtp.selectOption('loaded');
    await expect
      .poll(() => bytesOf(page, 'needs'))
      .toBe(needsOf(own.id, 'Q4_K_M', { context: 8192, mtp: true }) + own.projector.bytes);
    const more = page.locator('[data-part="more"]');
    await expect.poll(() => more.textContent()).toMatch(/^Multi-token prediction is loaded/);

    await page.getByRole('combobox', { name: 'Model' }).selectOption('gpt-oss-120b');
    await expect.poll(() => experts.isVisible()).toBe(true);
    const whole = needsOf('gpt-oss-120b', 'Q4_K_M', { context: 8192 });
    await expect.poll(() => bytesOf(page, 'needs')).toBe(whole);
    await experts.fill('20');
    await expect
      .poll(() => bytesOf(page, 'needs'))
      .toBe(needsOf('gpt-oss-120b', 'Q4_K_M', { context: 8192, cpuMoeLayers: 20 }));
    expect(await page.locator('[data-part="more"]').textContent()).toMatch(/ GB in RAM\.$/);
  });

  test.each(['', 'vllm', 'mlx'])('every field is within a screen of 320 px, with each engine (%s)', async (engine) => {
    const path = `/models/gpt-oss-20b/q4-k-m/8k/#e=${engine}&x=2&r=1`;
    const visit = await site.visit(path, { viewport: { width: 320, height: 700 } });
    await visit.page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await visit.page.locator('vram-calculator[data-ready]').waitFor();
    const wide = await visit.page.locator('vram-calculator label:visible').evaluateAll((labels) =>
      labels
        .flatMap((label) => [label, ...label.children])
        .filter((element) => element.getBoundingClientRect().right > innerWidth)
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(wide).toEqual([]);
  });

  test('works by keyboard alone', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    const before = await bytesOf(page, 'needs');
    await page.getByRole('combobox', { name: 'Context' }).focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('8k');
    expect(await bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 8192 }));
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('q');
    await page.keyboard.press('ArrowUp');
    expect(await bytesOf(page, 'needs')).not.toBe(before);
  });
});
