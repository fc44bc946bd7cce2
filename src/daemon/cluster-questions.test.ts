import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { limited } from './cluster-questions.ts';

it('a question to a cluster ends after 20 s, or with who asked it, by the clock that it is given', () => {
  const clock = new FakeClock();
  const asker = new AbortController();
  using slow = limited(asker.signal, clock);
  clock.advance(19_999);
  expect(slow.aborted).toBe(false);
  clock.advance(1);
  expect(slow.reason).toMatchObject({ code: 'SP-API-UNREACHABLE' });

  {
    using left = limited(asker.signal, clock);
    asker.abort();
    expect(left.aborted).toBe(true);
  }
  expect(clock.pending).toBe(0);
});
