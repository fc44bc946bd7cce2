import { expect, it } from 'vitest';
import type { Question } from '../../../src/contract/control-question.ts';
import { shownStateSchema } from '../../../src/contract/control-tunnel.ts';
import { primaryAction } from './primary-action.ts';

const question: Question = { id: 'q', tunnel: 'user/orders-db', askedAtMs: 0, kind: 'reason' };

it('offers one thing in each state', () => {
  const offered = shownStateSchema.options.map((shown) => [shown, primaryAction({ shown }, undefined).kind]);
  expect(Object.fromEntries(offered)).toEqual({
    off: 'up',
    connecting: 'show',
    ready: 'copy',
    waiting: 'show',
    'needs you': 'show',
    paused: 'resume',
  });
});

it('offers to answer what a tunnel asks, where it can be answered here', () => {
  expect(primaryAction({ shown: 'needs you' }, question)).toEqual({
    kind: 'answer',
    label: 'Give a reason…',
  });
  expect(primaryAction({ shown: 'ready' }, question).kind).toBe('copy');
});
