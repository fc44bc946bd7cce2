import { describe, expect, it } from 'vitest';
import { BlockPool, blockBytes, Copier } from './block-pool.ts';

const bytes = (sizeBytes: number, value: number) => Buffer.alloc(sizeBytes, value);

describe('copies', () => {
  it.each([0, 1, 4096, 4097, 16_384, 65_536, 65_537, 300_000])('copies %i bytes', (sizeBytes) => {
    const copier = new Copier(new BlockPool());
    const lent = bytes(sizeBytes, 7);
    const { bytes: copy, release } = copier.copy(lent);
    lent.fill(0);
    expect(copy).toEqual(bytes(sizeBytes, 7));
    release();
  });

  it('touches no copy that is still needed, in whatever order others are released', () => {
    const copier = new Copier(new BlockPool());
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    const held: { copy: Buffer; release: () => void; value: number; sizeBytes: number }[] = [];
    for (let turn = 0; turn < 5_000; turn++) {
      const sizeBytes = 1 + random(70_000);
      const value = 1 + random(255);
      const { bytes: copy, release } = copier.copy(bytes(sizeBytes, value));
      held.push({ copy, release, value, sizeBytes });
      while (held.length > random(40)) {
        const [one] = held.splice(random(held.length), 1);
        if (!one?.copy.equals(bytes(one.sizeBytes, one.value))) throw new Error(`overwritten at ${turn}`);
        one.release();
      }
    }
    expect(held.length).toBeLessThan(40);
  });

  it('uses the memory of what was released again', () => {
    const copier = new Copier(new BlockPool());
    const memory = new Set<ArrayBufferLike>();
    for (let turn = 0; turn < 1_000; turn++) {
      const copies = [1, 2, 3].map((value) => copier.copy(bytes(40_000, value)));
      for (const { bytes: copy, release } of copies) {
        memory.add(copy.buffer);
        release();
      }
    }
    expect(memory.size).toBeLessThanOrEqual(4);
  });

  it('of a slow reader keep no block of the others', () => {
    const pool = new BlockPool();
    const [slow, ...fast] = Array.from({ length: 16 }, () => new Copier(pool));
    const kept = new Set<ArrayBufferLike>();
    let keptBytes = 0;
    for (let turn = 0; turn < 160; turn++) {
      const { bytes: copy } = slow!.copy(bytes(4_200, 1));
      kept.add(copy.buffer);
      keptBytes += copy.length;
      const releases = fast.map((copier) => copier.copy(bytes(4_200, 2)).release);
      for (const release of releases) release();
    }
    expect(kept.size * blockBytes).toBeLessThanOrEqual(2 * keptBytes);
  });

  it('that are all released leave the connection without a block', () => {
    const pool = new BlockPool();
    const first = new Copier(pool).copy(bytes(5_000, 1));
    first.release();
    expect(new Copier(pool).copy(bytes(5_000, 2)).bytes.buffer).toBe(first.bytes.buffer);
  });
});
