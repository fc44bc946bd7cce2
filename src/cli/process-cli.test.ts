import { afterEach, expect, it } from 'vitest';
import { daemonNodeFlags } from '../base/hot-code.ts';
import { daemonCommand } from './process-cli.ts';

const given = [...process.argv];

afterEach(() => {
  process.argv = [...given];
});

it('starts the daemon with the flags that keep it small', () => {
  process.argv = ['node', '/opt/sallyport.js', 'up', 'x'];
  expect(daemonCommand()).toEqual([process.execPath, ...daemonNodeFlags, '/opt/sallyport.js', 'daemon']);
});

it('starts a single executable as it is', () => {
  process.argv = [process.execPath, process.execPath, 'up', 'x'];
  expect(daemonCommand()).toEqual([process.execPath, 'daemon']);
});
