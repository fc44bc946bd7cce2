// @vitest-environment jsdom
import { act, fireEvent, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it } from 'vitest';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import AuditView from './audit-view.tsx';

const record: ListedRecord = {
  log: 'daemon',
  record: { seq: 1, prev: '', at: '2026-11-21T18:00:00.000Z', event: 'tunnel-state' },
};

it('follows what is new again where another filter begins a list that was scrolled', async () => {
  const control = new FakeControl().on('audit', async () => ({ records: [record] }));
  const { clock } = await renderInWindow(control, <AuditView />);
  const looks = async () => {
    const before = control.calls.length;
    await act(() => clock.advanceAsync(2_000));
    return control.calls.length - before;
  };
  const list = await screen.findByRole('list', { name: 'Events' });
  expect(await looks()).toBe(1);
  list.parentElement!.scrollTop = 500;
  fireEvent.scroll(list.parentElement!);
  expect(await looks()).toBe(0);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Filter…' }));
  await user.type(screen.getByLabelText('User'), 'dev{Enter}');
  await act(() => clock.advanceAsync(0));
  expect(await looks()).toBe(1);
});
