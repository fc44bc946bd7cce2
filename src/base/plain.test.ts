import { expect, it } from 'vitest';
import { plain } from './plain.ts';

it('writes what cannot be seen as its code, and leaves all else', () => {
  expect(plain('a\u001b[2J\u009b\u202e\u2028b')).toBe('a\\u001b[2J\\u009b\\u202e\\u2028b');
  expect(plain('\u{e0041}')).toBe('\\udb40\\udc41');
  expect(plain('Zoë · 数据 🐘')).toBe('Zoë · 数据 🐘');
});
