// @vitest-environment jsdom
import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import type { VerifiedLog } from '../../../src/contract/audit-verdict.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { Verification } from './verification.tsx';

const intact: VerifiedLog = {
  log: 'daemon',
  verdict: {
    kind: 'intact',
    files: 1,
    lines: 10,
    head: { seq: 10, hash: 'a' },
    unsignedLines: 0,
    keys: [],
    tailsCut: 0,
    lostEvents: 0,
  },
  trusted: 'known',
  unkeptKeys: [],
  heldAgainst: [],
};

it('says nothing of what was found before where the logs could not be read again', async () => {
  const control = new FakeControl().on('auditVerify', async () => ({ logs: [intact] }));
  const { container } = await renderInWindow(control, <Verification />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Verify' }));
  await screen.findByText(/The log is intact/);
  expect(container.querySelector('.lucide-shield-check')).not.toBeNull();
  control.on('auditVerify', async () => {
    throw new AppError('SP-DAEMON-LOST');
  });
  await user.click(screen.getByRole('button', { name: 'Verify again' }));
  await screen.findByText(/^Not verified: /);
  expect(container.querySelector('.lucide-shield-check')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Details' })).toBeNull();
});
