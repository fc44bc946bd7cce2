import { type FormOf, ValueText } from './form-controls.tsx';
import { type FieldValue, valueAt } from './profile-text.ts';
import { SourceSelect } from './source-select.tsx';

const names = {
  none: 'none',
  secret: 'in a Secret of the namespace',
  files: 'in files of this machine',
} as const;
type CertificateSource = keyof typeof names;

const path = ['connection', 'certificate'];
const empty: Record<CertificateSource, FieldValue> = {
  none: undefined,
  secret: { secret: { name: '' } },
  files: { files: { certificate: '', key: '' } },
};

/** Where the client certificate is that the gateway logs in with. */
export function CertificateFields({ form }: { readonly form: FormOf }) {
  const certificate = valueAt(form.tree, path);
  const source =
    certificate === undefined || certificate === null
      ? 'none'
      : (['secret', 'files'] as const).find((each) => valueAt(certificate, [each]) !== undefined);
  return (
    <>
      <SourceSelect<CertificateSource>
        form={form}
        path={path}
        label="Client certificate"
        names={names}
        source={source}
        onChange={(chosen) => form.change({ path, value: empty[chosen] })}
        hint="Alone, or beside the password"
      />
      {source === 'secret' && (
        <>
          <ValueText form={form} path={[...path, 'secret', 'name']} label="Secret of the certificate" />
          <ValueText
            form={form}
            path={[...path, 'secret', 'certificate']}
            label="Key of the certificate"
            placeholder="tls.crt"
          />
          <ValueText
            form={form}
            path={[...path, 'secret', 'key']}
            label="Key of its private key"
            placeholder="tls.key"
          />
        </>
      )}
      {source === 'files' && (
        <>
          <ValueText form={form} path={[...path, 'files', 'certificate']} label="File of the certificate" />
          <ValueText form={form} path={[...path, 'files', 'key']} label="File of its private key" />
        </>
      )}
    </>
  );
}
