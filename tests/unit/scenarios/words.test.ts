import { expect, it } from 'vitest';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { expertsOfFirst, namesAgainst, withArticle } from '../../../src/scenarios/words.ts';
import { catalog } from './catalog.ts';

it.each([
  'an RTX 4090',
  'an M4 Max 64GB',
  'an MI300X',
  'an H100 80GB',
  'an L40S',
  'an Apple M4 Max 64GB',
  'an Instinct MI440X',
  'an Arc B580',
  'an AWQ',
  'an NVFP4',
  'an IQ1_S',
  'an FP8',
  'an 8 GB card',
  'an 80 GB card',
  'an 8.70 GB',
  'an 11.6 GB',
  'an 18 GB card',
  'a DGX Spark',
  'a GTX 1660',
  'a GeForce RTX 4090',
  'a Ryzen AI Max',
  'a Strix Halo 128GB',
  'a Tesla P40',
  'a Q4_K_M',
  'a GPTQ',
  'a 12 GB card',
  'a 110 GB',
  'a Radeon RX 7900 XT',
])('the article of "%s"', (text) => {
  expect(withArticle(text.replace(/^an? /, ''))).toBe(text);
});

it('the first layer is not counted', () => {
  expect(expertsOfFirst(1, { layers: 24 })).toBe('the experts of the first of 24 layers');
  expect(expertsOfFirst(2, { layers: 24 })).toBe('the experts of the first 2 of 24 layers');
});

it('names of devices show that a label in GB is less than what they hold', () => {
  const devices = (...ids: string[]) => ids.flatMap((id) => devicesOf(catalog).byId.get(id) ?? []);
  // 16 GiB are 17.18 GB, of which these two Radeons leave 17.0 GB.
  const radeons = devices('rx-6800-xt', 'rx-6900-xt');
  expect(namesAgainst(radeons, 15.9e9)).toBe('RX 6800 XT (16 GB) or RX 6900 XT (16 GB)');
  expect(namesAgainst(radeons, 16.3e9)).toBe('RX 6800 XT or RX 6900 XT (16 GiB, 17.0 GB of it usable)');
  expect(namesAgainst(devices('rtx-4090', 'rx-7900-xtx'), 24.5e9)).toMatch(
    /^RTX 4090 \(24 GiB, 25\.2 GB of it usable\) or RX 7900 XTX \(24 GiB, 25\.\d GB of it usable\)$/,
  );
});
