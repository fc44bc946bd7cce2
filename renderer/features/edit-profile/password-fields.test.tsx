// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import type { DesktopBridge } from '../../../src/contract/desktop-bridge.ts';
import { passwordSources } from './form-fields.ts';
import { PasswordFields } from './password-fields.tsx';
import { readTree } from './profile-text.ts';

afterEach(() => {
  cleanup();
  globalThis.sallyport = undefined;
});

function offered(text: string): string[] {
  render(<PasswordFields form={{ tree: readTree(text)!, problems: [], change() {} }} />);
  return [...screen.getByLabelText<HTMLSelectElement>('Password').options].map(({ value }) => value);
}

it('offers in a browser nothing that no page may write, and shows it where it is written', () => {
  expect(offered('connection: { password: { file: ~/x } }')).toEqual([
    'none',
    'auto',
    'secret',
    'configMap',
    'keychain',
    'file',
  ]);
  expect(screen.getByLabelText<HTMLInputElement>('File').value).toBe('~/x');
});

it('offers all sources in the desktop app', () => {
  globalThis.sallyport = { platform: 'linux' } as DesktopBridge;
  expect(offered('')).toEqual(passwordSources);
});
