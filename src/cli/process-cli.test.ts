import { afterEach, expect, it } from 'vitest';
import { daemonCommand, daemonNodeFlags } from './process-cli.ts';

const given = [...process.argv];

afterEach(() => {
  process.argv = [...given];
});

it('starts the daemon with the flags that keep it small', () => {
  process.argv = ['node', '/opt/sallyport.js', 'up', 'x'];
  expect(daemonCommand()).toEqual([process.execPath, ...daemonNodeFlags, '/opt/sallyport.js', 'daemon']);
});

it('starts a single executable as it is, whatever it was called as', () => {
  process.argv = [process.execPath, 'kubectl-sallyport', 'up', 'x'];
  expect(daemonCommand(true)).toEqual([process.execPath, 'daemon']);
});
