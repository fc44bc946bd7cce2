import { describe, expect, it } from 'vitest';
import { type Profile, profileSchema } from './profile.ts';
import { profileFileSchema } from './profile-file.ts';

const whole: Profile = {
  cluster: { context: 'prod' },
  namespace: 'shop',
  target: 'service/web',
  port: 80,
};

describe('what is shown before it is agreed to', () => {
  // Turns what follows around, separates lines, or is not seen at all.
  const unseen = ['\u202e', '\u2066', '\u200b', '\u00ad', '\u2028', '\u2029', '\u001b'];
  const places: [string, (text: string) => object][] = [
    ['description', (text) => ({ description: text })],
    ['target', (text) => ({ target: `service/${text}` })],
    ['context', (text) => ({ cluster: { context: text } })],
    ['server', (text) => ({ cluster: { server: `https://api.example.com/${text}` } })],
    ['database', (text) => ({ connection: { database: text } })],
    ['label', (text) => ({ labels: { team: text } })],
    ['pattern', (text) => ({ policy: { reason: { pattern: text } } })],
    ['example', (text) => ({ policy: { reason: { pattern: 'x', example: text } } })],
    ['program', (text) => ({ policy: { programs: [`/usr/bin/${text}`] } })],
  ];

  it.each(places)('reads as it is: %s', (_, withText) => {
    expect(profileSchema.safeParse({ ...whole, ...withText('Größe-数据-é') }).success).toBe(true);
    const accepted = unseen.filter(
      (character) => profileSchema.safeParse({ ...whole, ...withText(`a${character}b`) }).success,
    );
    expect(accepted).toEqual([]);
  });
});

it.each(['user', 'project', 'ad-hoc'])('gives no source the name %s, which ids use', (name) => {
  const fits = (source: string) =>
    profileFileSchema.safeParse({ version: 1, sources: { [source]: { folder: '/team' } } });
  expect(fits(name).error?.issues).toMatchObject([
    {
      path: ['sources', name],
      issues: [{ message: expect.stringContaining('none of user, project, ad-hoc') }],
    },
  ]);
  expect(fits(`${name}s`).success).toBe(true);
});
