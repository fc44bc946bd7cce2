// @vitest-environment jsdom
import { act, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { Question } from '../../../src/contract/control-question.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { QuestionDialog } from '../questions/question-dialog.tsx';
import { TunnelCopier } from './connection-strings.ts';
import { StateNote } from './state-note.tsx';

const ready = fakeTunnel({
  wanted: 'on',
  shown: 'ready',
  state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
});
const question: Question = { id: 'q', tunnel: ready.id, askedAtMs: 0, kind: 'password', user: 'app' };
const title = 'Password of app for orders-db';

it('asks for the password that a copy waits for, though the tunnel itself waits for nothing', async () => {
  const control = new FakeControl({ tunnels: [ready] });
  control.on('connectionString', async () => ({ kind: 'asked', question }));
  const { state } = await renderInWindow(control, <QuestionDialog />);
  await act(() => new TunnelCopier(state).copy(ready));
  expect(screen.queryByRole('dialog')).toBeNull();
  // Its event comes by a way of its own, and so do those of others.
  act(() => control.tell(fakeTunnel({ name: 'other' })));
  act(() => control.ask(question));
  expect(screen.getByRole('dialog', { name: title })).toBeTruthy();
  act(() => control.tell({ ...ready, connections: 1 }));
  await userEvent.setup().type(screen.getByLabelText('Password'), 'secret{Enter}');
  expect(control.calls.at(-1)).toMatchObject({
    operation: 'answer',
    input: { question: 'q', answer: { kind: 'password', password: 'secret' } },
  });
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(state.actions.asking()).toBeUndefined();
});

it('leads to a question that was put off, or that the tray asked', async () => {
  const control = new FakeControl({ tunnels: [ready] });
  control.ask(question);
  const { state } = await renderInWindow(control, <StateNote tunnel={ready} />);
  expect(screen.getByText(title)).toBeTruthy();
  await userEvent.setup().click(screen.getByRole('button', { name: 'Enter password…' }));
  expect(state.actions.asking()).toBe(ready.id);
});

it.each([
  ['postgres', 'sallyport psql orders-db'],
  ['http', 'sallyport open orders-db'],
] as const)('copies in a browser the command that opens the client of a %s', async (kind, command) => {
  const { state } = await renderInWindow(new FakeControl({ tunnels: [ready] }), <div />);
  const copy = vi.spyOn(state.copies, 'copy');
  await act(() => new TunnelCopier(state).openClient({ ...ready, kind }));
  expect(copy.mock.calls.map(([, text]) => text)).toEqual([command]);
});
