// @vitest-environment jsdom
import { act, screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { HandledInput, OperationAnswer } from '../../../src/contract/control.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../../test/support/fake-control.ts';
import { useTunnel } from '../../state/app-state.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { useTunnelDetail } from './detail-query.ts';

type Answer = OperationAnswer<'tunnel'>;

const off = fakeTunnel();
const { id } = off;
const ready = {
  ...off,
  wanted: 'on',
  shown: 'ready',
  state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
} as const;

function Detail() {
  const tunnel = useTunnel(id);
  return tunnel && <Read tunnel={tunnel} />;
}

function Read({ tunnel }: { readonly tunnel: Answer['tunnel'] }) {
  const { data } = useTunnelDetail(tunnel);
  return <p>{data?.history.length ?? 'unread'}</p>;
}

it('reads again after a change that came while it was read, and once for each that did not', async () => {
  const answers: ((length: number) => void)[] = [];
  const control = new FakeControl({ tunnels: [off] }).on('tunnel', (_: HandledInput<'tunnel'>) => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const entry = { atMs: 0, wanted: 'on', state: ready.state, shown: 'ready', held: 0 } as const;
    answers.push((length) => resolve({ tunnel: ready, history: Array(length).fill(entry), connections: [] }));
    return promise;
  });
  await renderInWindow(control, <Detail />);
  expect(answers).toHaveLength(1);
  act(() => control.tell(ready));
  expect(answers).toHaveLength(1);
  answers[0]!(1);
  await waitFor(() => expect(answers).toHaveLength(2));
  answers[1]!(2);
  await screen.findByText('2');
  // Counters of bytes are no news.
  act(() => control.tell({ ...ready, traffic: { ...ready.traffic, receivedBytes: 7 } }));
  expect(answers).toHaveLength(2);
});
