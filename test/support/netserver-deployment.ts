import type { Manifest } from '../../src/sandbox/kube-object.ts';
import { netserverManifest } from '../../src/sandbox/manifest.ts';

const { template } = netserverManifest()[0]!.spec as { template: object };

/** Deployment web: two netserver pods with names that do not come back. */
export const netserverDeployment: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'net' } }, template },
};
