import { expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeKubeApi } from '../../test/support/fake-kube-api.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { UidCheck } from './uid-check.ts';

const { signal } = new AbortController();

/** A cluster whose one pod is `known`. */
function setUp() {
  const clock = new FakeClock();
  onTestFinished(() => expect(clock.pending).toBe(0));
  const api = new FakeKubeApi(clock);
  api.put('pods', { metadata: { name: 'other' }, spec: { containers: [] } });
  const put = () => api.put('pods', { metadata: { name: 'pg-0' }, spec: { containers: [] } }).metadata.uid;
  const known: PodIdentity = {
    namespace: 'db',
    name: 'pg-0',
    uid: put(),
    restarts: 0,
    ready: true,
    hostNetwork: false,
  };
  const replace = () => {
    api.remove('pods', 'pg-0');
    put();
  };
  return { api, known, replace, check: new UidCheck(api) };
}

it('confirms by one GET', async () => {
  const { api, known, replace, check } = setUp();
  await check.confirm(known, signal);
  expect(api.log).toEqual(['get pods db pg-0']);
  replace();
  await expect(check.confirm(known, signal)).rejects.toMatchObject({ code: 'SP-POD-REPLACED' });
  api.remove('pods', 'pg-0');
  await expect(check.confirm(known, signal)).rejects.toMatchObject({ code: 'SP-POD-DELETED' });
});

it('takes a forbidden get for no confirmation where the user may list', async () => {
  const { api, known, replace, check } = setUp();
  api.allow = ({ verb }) => verb === 'list';
  await check.confirm(known, signal);
  expect(api.log).toEqual(['get pods db pg-0', 'list pods db metadata.name=pg-0']);
  replace();
  await expect(check.confirm(known, signal)).rejects.toMatchObject({ code: 'SP-POD-REPLACED' });
  api.remove('pods', 'pg-0');
  await expect(check.confirm(known, signal)).rejects.toMatchObject({ code: 'SP-POD-DELETED' });
});

it('has to believe the watch where the user may neither get nor list', async () => {
  const { api, known, replace, check } = setUp();
  api.allow = () => false;
  replace();
  await check.confirm(known, signal);
  expect(api.log).toEqual(['get pods db pg-0', 'list pods db metadata.name=pg-0']);
});
