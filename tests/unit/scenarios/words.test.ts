import { expect, it } from 'vitest';
import { withArticle } from '../../../src/scenarios/words.ts';

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
