// @vitest-environment jsdom
import { act, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { FakeControl, fakeTunnel } from '../../../test/support/fake-control.ts';
import { renderInWindow } from '../../window.fixture.tsx';
import { CopyButton } from './copy-button.tsx';

it('names the favourite of the settings, also where they come after it was drawn', async () => {
  const control = new FakeControl().on('settings', async () => ({
    file: '/home/dev/.config/sallyport/settings.yaml',
    window: { formats: { postgres: 'jdbc' } },
    keepPasswordsIn: 'keychain',
    metricsTokenFile: '/home/dev/metrics-token',
    audit: { days: 400, megabytes: 2_048, receivers: [] },
    afterRestart: [],
  }));
  const { state } = await renderInWindow(control, <CopyButton tunnel={fakeTunnel()} isMain />);
  expect(screen.getByRole('button', { name: 'Copy psql command' })).toBeDefined();
  await act(() => state.settings.load());
  expect(screen.getByRole('button', { name: 'Copy JDBC URL' })).toBeDefined();
});
