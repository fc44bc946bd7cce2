import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { KubeApi, KubeRequest } from '../kube/kube-api.ts';
import { AccessReviews } from './access-reviews.ts';

/** An API server that allows everything, once a test lets it answer. */
function slowServer() {
  const asked: KubeRequest[] = [];
  const answers: (() => void)[] = [];
  const api = {
    request: <T>(request: KubeRequest) => {
      asked.push(request);
      return new Promise<T>((resolve) => answers.push(() => resolve({ status: { allowed: true } } as T)));
    },
  } as KubeApi;
  /** Answers everything, and what is asked because of the answers. */
  const answer = async () => {
    do {
      for (const each of answers.splice(0)) each();
      await nextTurn();
    } while (answers.length > 0);
  };
  return { api, asked, answer };
}

const about = (name: string) => ({
  namespace: 'data',
  target: { kind: 'pod', name } as const,
  carriers: ['spdy'] as const,
});

it('asks once for all that want to know the same, and again when that is old', async () => {
  const clock = new FakeClock();
  const { api, asked, answer } = slowServer();
  const reviews = new AccessReviews(api, clock);
  const all = Promise.all(Array.from({ length: 100 }, () => reviews.review(about('a'))));
  await answer();
  await all;
  const requests = asked.length;
  expect(requests).toBeLessThan(10);
  clock.advance(4_999);
  await reviews.review(about('a'));
  expect(asked).toHaveLength(requests);
  clock.advance(1);
  void reviews.review(about('a'));
  await answer();
  expect(asked).toHaveLength(requests * 2);
});

it('asks ahead one after another, and at once where somebody waits', async () => {
  const { api, asked, answer } = slowServer();
  const reviews = new AccessReviews(api, new FakeClock());
  const ahead = Promise.all(['a', 'b', 'c'].map((name) => reviews.reviewAhead(about(name))));
  await nextTurn();
  const ofOne = asked.length;
  void reviews.review(about('urgent'));
  expect(asked).toHaveLength(ofOne * 2);
  await answer();
  expect(await ahead).toHaveLength(3);
});
