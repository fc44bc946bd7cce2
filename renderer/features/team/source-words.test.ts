import { expect, it } from 'vitest';
import { sourceProblems, sourceSettings, suggestedName } from './source-words.ts';

const written = { kind: 'git', location: ' https://git/x.git ', branch: '', path: '', every: '' } as const;

it('leaves out what was left empty, and of a folder what only repositories have', () => {
  expect(sourceSettings(written)).toEqual({ git: 'https://git/x.git' });
  expect(sourceSettings({ ...written, branch: 'main', every: ' 1h ' })).toEqual({
    git: 'https://git/x.git',
    branch: 'main',
    every: '1h',
  });
  expect(sourceSettings({ ...written, kind: 'folder', location: '~/team', branch: 'main' })).toEqual({
    folder: '~/team',
  });
});

it('says at its field what is no duration, and what is no whole path', () => {
  for (const every of ['', '15m', ' 1h30m ']) expect(sourceProblems({ ...written, every })).toEqual({});
  for (const every of ['often', '0m', '10s'])
    expect(sourceProblems({ ...written, every })).toHaveProperty('every');
  const folder = { ...written, kind: 'folder' } as const;
  expect(sourceProblems({ ...folder, location: '~/team', every: 'often' })).toEqual({});
  expect(sourceProblems({ ...folder, location: 'team' })).toHaveProperty('location');
});

it.each([
  ['https://git.example.com/shop/Tunnels.git', 'tunnels'],
  ['git@example.com:shop/team tunnels.git', 'team-tunnels'],
  ['~/work/tunnels/', 'tunnels'],
  ['/srv/2024-profiles', 'profiles'],
  ['', ''],
])('suggests a name for %j', (location, name) => {
  expect(suggestedName(location)).toBe(name);
});
