// @vitest-environment jsdom
import { act, fireEvent, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { AddSourceDialog } from './add-source-dialog.tsx';

const write = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const send = () => act(async () => screen.getByRole('button', { name: 'Add it' }).click());

it('takes a source back that cannot be fetched, so that the address can be corrected where it stands', async () => {
  const control = new FakeControl();
  const names = new Set<string>();
  control.on('editProfile', async ({ edit }) => {
    if (edit.kind === 'add-source') {
      if (names.has(edit.name)) throw new AppError('SP-PROFILE-EXISTS', { source: edit.name });
      names.add(edit.name);
    }
    if (edit.kind === 'remove-source') names.delete(edit.name);
    return control.view.profiles;
  });
  let isThere = false;
  control.on('reload', async () => {
    if (!isThere) throw new AppError('SP-PROFILE-SOURCE', { source: 'team', message: 'not there' });
    return control.view.profiles;
  });
  let closed = 0;
  await renderInWindow(control, <AddSourceDialog onClose={() => closed++} />);
  write('Address', '/srv/taem');
  write('Name', 'team');
  await send();
  expect(screen.getByRole('alert').textContent).toContain('SP-PROFILE-SOURCE');
  expect([...names]).toEqual([]);
  isThere = true;
  write('Address', '/srv/team');
  await send();
  expect([...names]).toEqual(['team']);
  expect(closed).toBe(1);
});

it('asks the daemon for nothing while a field is wrong', async () => {
  const control = new FakeControl();
  await renderInWindow(control, <AddSourceDialog onClose={() => {}} />);
  write('Address', '/srv/team');
  write('Look every', 'often');
  await send();
  expect(screen.getByLabelText('Look every').getAttribute('aria-invalid')).toBe('true');
  expect(control.calls.map(({ operation }) => operation)).not.toContain('editProfile');
});
