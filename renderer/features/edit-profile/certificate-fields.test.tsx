// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import { CertificateFields } from './certificate-fields.tsx';
import { changeText, readTree } from './profile-text.ts';

afterEach(cleanup);

let written = '';

function Form({ text: began }: { readonly text: string }) {
  const [text, setText] = useState(began);
  written = text;
  const form = {
    tree: readTree(text)!,
    problems: [],
    change: (...changes: Parameters<typeof changeText>[1]) => setText(changeText(text, changes)),
  };
  return <CertificateFields form={form} />;
}

it('writes the Secret of a client certificate, and takes it out again', async () => {
  const user = userEvent.setup();
  render(<Form text={'port: 5432\n'} />);
  await user.selectOptions(screen.getByLabelText('Client certificate'), 'secret');
  await user.type(screen.getByLabelText('Secret of the certificate'), 'orders-tls');
  await user.type(screen.getByLabelText('Key of its private key'), 'key.pem');
  expect(readTree(written)).toEqual({
    port: 5432,
    connection: { certificate: { secret: { name: 'orders-tls', key: 'key.pem' } } },
  });
  await user.selectOptions(screen.getByLabelText('Client certificate'), 'none');
  expect(written).toBe('port: 5432\n');
});

it('shows the files of one, which no page in a browser may write', () => {
  render(<Form text="connection: { certificate: { files: { certificate: ~/c.pem, key: ~/k.pem } } }" />);
  expect(screen.getByLabelText<HTMLInputElement>('File of its private key').value).toBe('~/k.pem');
  cleanup();
  render(<Form text="" />);
  const { options } = screen.getByLabelText<HTMLSelectElement>('Client certificate');
  expect([...options].map(({ value }) => value)).toEqual(['none', 'secret']);
});
