import { expect, it } from 'vitest';
import { repositoryAddress, siteAddress } from '../../../src/site/config.ts';

it('takes the address of a repository, or none', () => {
  expect(repositoryAddress(undefined)).toBeUndefined();
  expect(repositoryAddress('')).toBeUndefined();
  expect(repositoryAddress('https://code.example/atlas/')).toBe('https://code.example/atlas');
});

it.each(['code.example/atlas', 'javascript:alert(1)', 'https://', 'https:// code.example'])('refuses "%s"', (text) => {
  expect(() => repositoryAddress(text)).toThrow(`Found SOURCE_URL "${text}"`);
});

it('takes the address of a deployment, or none', () => {
  expect(siteAddress(undefined)).toBeUndefined();
  expect(siteAddress('')).toBeUndefined();
  expect(siteAddress('https://example.org')).toBe('https://example.org');
  expect(siteAddress('https://example.org/')).toBe('https://example.org');
  expect(siteAddress('http://localhost:4321')).toBe('http://localhost:4321');
});

it.each([
  'example.org',
  'localhost:4321',
  'example.org:8080',
  'ftp://x.org',
  'https://',
  'https://example.org/sub',
  'https://example.org/?a',
  'https://example.org/#a',
  'https://me:secret@example.org',
])('refuses to be deployed at "%s"', (text) => {
  expect(() => siteAddress(text)).toThrow(`SITE_URL is "${text}"; expected`);
});
