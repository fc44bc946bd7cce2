import { describe, expect, it } from 'vitest';
import { type Pass, SharedPass } from './shared-pass.ts';

/** A list that is read one thing at a time, when the test says so. */
function slowList(limit = 10) {
  const steps: PromiseWithResolvers<string | undefined>[] = [];
  let passes = 0;
  const list = new SharedPass<string, { at: string }>({
    limit,
    async read(pass: Pass<string, { at: string }>) {
      passes++;
      for (;;) {
        const step = Promise.withResolvers<string | undefined>();
        steps.push(step);
        const thing = await step.promise;
        if (thing === undefined) return;
        for (const wanted of pass.waiting()) if (wanted === thing) pass.found(wanted, { at: thing });
        if (pass.isOver) return;
      }
    },
  });
  const next = async (thing?: string) => {
    while (steps.length === 0) await Promise.resolve();
    steps.shift()!.resolve(thing);
  };
  return { list, next, fail: (error: Error) => steps.shift()!.reject(error), passes: () => passes };
}

describe('a shared pass', () => {
  it('serves all who ask', async () => {
    const { list, next, passes } = slowList();
    const both = Promise.all([list.find('a'), list.find('b')]);
    await next('b');
    await next('a');
    expect(await both).toEqual([{ at: 'a' }, { at: 'b' }]);
    expect(passes()).toBe(1);
  });

  it('gives who came during one the next, whole', async () => {
    const { list, next, passes } = slowList();
    const early = list.find('x');
    await next('late');
    const late = list.find('late');
    await next();
    expect(await early).toBeUndefined();
    await next('late');
    expect(await late).toEqual({ at: 'late' });
    expect(passes()).toBe(2);
  });

  it('may serve who came during one from what is left of it', async () => {
    const { list, next } = slowList();
    void list.find('x');
    await next('other');
    const late = list.find('late');
    await next('late');
    expect(await late).toEqual({ at: 'late' });
    await next();
  });

  it('finds nothing where reading fails, and reads again for the next', async () => {
    const { list, next, fail } = slowList();
    const failed = list.find('a');
    fail(new Error('EMFILE'));
    expect(await failed).toBeUndefined();
    const again = list.find('a');
    await next('a');
    expect(await again).toEqual({ at: 'a' });
  });

  it('lets a stated number wait', async () => {
    const { list, next } = slowList(1);
    const first = list.find('a');
    expect(await list.find('b')).toBeUndefined();
    await next('a');
    expect(await first).toEqual({ at: 'a' });
  });
});
