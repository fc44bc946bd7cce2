// @vitest-environment jsdom
import { act, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import type { Question } from '../../../src/contract/control-question.ts';
import { FakeControl, fakeTunnel } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { QuestionDialog } from './question-dialog.tsx';

const id = 'user/orders-db';
const asked = { id: 'q1', tunnel: id, askedAtMs: 0 };

async function asking(question: Question) {
  const control = new FakeControl({
    tunnels: [fakeTunnel({ wanted: 'on', shown: 'needs you', questions: [question.id] })],
  });
  control.ask(question);
  const window = await renderInWindow(control, <QuestionDialog />);
  const answers = () =>
    control.calls.flatMap(({ operation, input }) => (operation === 'answer' ? [input] : []));
  return { control, answers, user: userEvent.setup(), ...window };
}

it('asks nobody who has not asked for it', async () => {
  await asking({ ...asked, kind: 'confirm' });
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('passes a reason on, keeps what was written where it does not fit, and goes when it does', async () => {
  const { control, state, user, answers } = await asking({ ...asked, kind: 'reason', pattern: '^OPS-' });
  control.on('answer', async () => {
    throw new AppError('SP-REASON-MISMATCH', { pattern: '^OPS-' });
  });
  act(() => state.actions.ask(id));
  await user.type(screen.getByLabelText('Reason'), 'because{Enter}');
  expect(answers()).toEqual([{ question: 'q1', answer: { kind: 'reason', reason: 'because' } }]);
  expect(screen.getByLabelText('Reason')).toHaveProperty('value', 'because');
  expect(screen.getByLabelText('Reason').getAttribute('aria-invalid')).toBe('true');
});

it('lets go without an answer by Later, and says no by the other button', async () => {
  const { state, user, answers } = await asking({ ...asked, kind: 'confirm', environment: 'production' });
  act(() => state.actions.ask(id));
  expect(screen.getByRole('dialog', { name: 'Open orders-db?' }).textContent).toContain('production');
  await user.click(screen.getByRole('button', { name: 'Later' }));
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(answers()).toEqual([]);
  act(() => state.actions.ask(id));
  await user.click(screen.getByRole('button', { name: "Don't open" }));
  expect(answers()).toEqual([{ question: 'q1', answer: { kind: 'no' } }]);
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('shows what changed in a shared profile, and agrees to that alone', async () => {
  const changes = [{ path: 'target', before: '"service/a"', after: '"service/b"' }];
  const { state, user, answers } = await asking({
    ...asked,
    kind: 'trust',
    profile: 'team/orders-db',
    hash: 'h2',
    changes,
  });
  act(() => state.actions.ask(id));
  expect(screen.getByText('service/a').tagName).toBe('DEL');
  expect(screen.getByText('service/b').tagName).toBe('INS');
  await user.click(screen.getByRole('button', { name: 'Agree and open' }));
  expect(answers()).toEqual([{ question: 'q1', answer: { kind: 'trust', hash: 'h2' } }]);
});

it('takes a new passphrase only where both are the same', async () => {
  const { state, user, answers } = await asking({ ...asked, kind: 'passphrase', isNew: true });
  act(() => state.actions.ask(id));
  await user.type(screen.getByLabelText('Passphrase'), 'one');
  await user.type(screen.getByLabelText('The same again'), 'two');
  await user.click(screen.getByRole('button', { name: 'Make the file' }));
  expect(answers()).toEqual([]);
  await user.clear(screen.getByLabelText('Passphrase'));
  await user.type(screen.getByLabelText('Passphrase'), 'two');
  await user.click(screen.getByRole('button', { name: 'Make the file' }));
  expect(answers()).toEqual([{ question: 'q1', answer: { kind: 'passphrase', passphrase: 'two' } }]);
});
