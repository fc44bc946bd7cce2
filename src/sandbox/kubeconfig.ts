import type { KeyedCertificate } from './certificates.ts';

export interface KubeconfigOptions {
  readonly server: string;
  readonly ca: string;
  readonly namespace: string;
  /** Context names and how each logs in; the first is current. */
  readonly users: Readonly<Record<string, KeyedCertificate | { readonly token: string }>>;
}

const base64 = (pem: string) => Buffer.from(pem).toString('base64');

/** A kubeconfig with one cluster and a context for each user. JSON, which is YAML. */
export function kubeconfigText({ server, ca, namespace, users }: KubeconfigOptions): string {
  const names = Object.keys(users);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: [{ name: 'sandbox', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: Object.entries(users).map(([name, credentials]) => ({
      name,
      user:
        'token' in credentials
          ? { token: credentials.token }
          : {
              'client-certificate-data': base64(credentials.cert),
              'client-key-data': base64(credentials.key),
            },
    })),
    contexts: names.map((name) => ({ name, context: { cluster: 'sandbox', user: name, namespace } })),
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
