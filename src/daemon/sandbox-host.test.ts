import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forgetFormerSandbox } from './sandbox-host.ts';
import type { WantedTunnel } from './wanted-file.ts';

const id = 'ad-hoc/sandbox';

function wantedWith(kubeconfig: string | undefined) {
  const adHoc = { name: 'sandbox', target: 'statefulset/postgres/0', port: 5432, kubeconfig };
  const record: WantedTunnel = { id, wanted: 'on', adHoc };
  const dropped: string[] = [];
  const tunnels = new Map([[id, record]]);
  return { tunnels, dropped, drop: async (name: string) => void dropped.push(name) };
}

test('forgets the tunnel that a killed daemon left of its sandbox, and none that still leads somewhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-host-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const gone = wantedWith(kubeconfig);
  await forgetFormerSandbox(gone);
  expect(gone.dropped).toEqual([id]);

  await writeFile(kubeconfig, '');
  for (const wanted of [wantedWith(kubeconfig), wantedWith(undefined)]) {
    await forgetFormerSandbox(wanted);
    expect(wanted.dropped).toEqual([]);
  }
});
