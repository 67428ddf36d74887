import { describe, expect, test } from 'vitest';
import { WholeResponse } from '../../../src/prerender/whole-response.ts';

const TEXT = 'Plan for 1012 GB \u2013 ';
const INIT = { status: 404, statusText: 'Not Found', headers: { 'Content-Type': 'text/html' } };

describe('a response of a page that is rendered whole', () => {
  const bytes = new TextEncoder().encode(TEXT);
  const padded = new Uint8Array(bytes.length + 8);
  padded.set(bytes, 4);

  test.each([
    ['bytes that fill their memory', bytes],
    ['bytes amid others', padded.subarray(4, 4 + bytes.length)],
  ])('says what the platform\u2019s own says, of %s', async (_kind, own) => {
    const whole = new WholeResponse(own, INIT);
    const platform = new Response(own, INIT);
    expect(whole).toBeInstanceOf(Response);
    expect([whole.status, whole.statusText, [...whole.headers]]).toEqual([
      platform.status,
      platform.statusText,
      [...platform.headers],
    ]);
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(new Uint8Array(await platform.arrayBuffer()));
  });

  test('has a stream of the same bytes', async () => {
    expect(await new Response(new WholeResponse(bytes, INIT).body).text()).toBe(TEXT);
  });
});
