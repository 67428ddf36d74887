import { expect, it } from 'vitest';
import { repositoryAddress } from '../../../src/site/config.ts';

it('takes the address of a repository, or none', () => {
  expect(repositoryAddress(undefined)).toBeUndefined();
  expect(repositoryAddress('')).toBeUndefined();
  expect(repositoryAddress('https://code.example/atlas/')).toBe('https://code.example/atlas');
});

it.each(['code.example/atlas', 'javascript:alert(1)', 'https://', 'https:// code.example'])('refuses "%s"', (text) => {
  expect(() => repositoryAddress(text)).toThrow(`Found SOURCE_URL "${text}"`);
});
