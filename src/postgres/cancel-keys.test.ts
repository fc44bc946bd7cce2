import { describe, expect, it } from 'vitest';
import { CancelKeys } from './cancel-keys.ts';

describe('CancelKeys', () => {
  it('finds what a key was issued for, until it is revoked', () => {
    const keys = new CancelKeys<string>();
    const [a, b] = [keys.issue('a', 0)!, keys.issue('b', 2)!];
    expect(a.key).toHaveLength(4);
    expect(b.key).toHaveLength(32);
    expect([keys.find(a), keys.find(b)]).toEqual(['a', 'b']);
    keys.revoke(a);
    expect([keys.find(a), keys.find(b)]).toEqual([undefined, 'b']);
  });

  it('finds nothing by another key, of whatever length', () => {
    const keys = new CancelKeys<string>();
    const { processId, key } = keys.issue('a', 0)!;
    const other = Buffer.from(key.map((byte) => byte ^ 1));
    for (const wrong of [other, Buffer.alloc(0), key.subarray(0, 3), Buffer.concat([key, key])])
      expect(keys.find({ processId, key: wrong })).toBeUndefined();
    expect(keys.find({ processId: processId ^ 1, key })).toBeUndefined();
  });

  it('holds a stated number', () => {
    const keys = new CancelKeys<number>();
    let issued = 0;
    while (keys.issue(issued, 0)) issued++;
    expect(issued).toBe(10_000);
  });
});
