import { describe, expect, it } from 'vitest';
import { readCredentialText } from './credential-text.ts';

const read = (text: string) => {
  const found = readCredentialText(text);
  if (found === 'no-password') return found;
  const known = Object.entries({ ...found, password: found.password.reveal() });
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
};

const whole = { user: 'app', password: 'pw', database: 'orders', host: 'orders-rw.data.svc' };

describe('a connection string', () => {
  it.each<[string, object]>([
    ['postgres://app:pw@orders-rw.data.svc:5432/orders', whole],
    ['postgresql://app:pw@orders-rw.data.svc/orders?sslmode=require', { ...whole, sslmode: 'require' }],
    ['postgresql://app:pw@orders-rw.data.svc/orders\n', whole],
    ['postgresql+psycopg2://app:pw@orders-rw.data.svc/orders', whole],
    [
      'postgresql://app:p%40ss%2F%3A%25@db/orders',
      { user: 'app', password: 'p@ss/:%', database: 'orders', host: 'db' },
    ],
    ['postgresql://app:p#w+1@db', { user: 'app', password: 'p#w+1', host: 'db' }],
    ['postgresql://app:p@w@db', { user: 'app', password: 'p@w', host: 'db' }],
    ['postgresql://:pw@db/orders', { password: 'pw', database: 'orders', host: 'db' }],
    ['postgresql://db/orders?user=app&password=pw', { ...whole, host: 'db' }],
    ['postgresql:///orders?host=db&user=app&password=pw', { ...whole, host: 'db' }],
    ['jdbc:postgresql://orders-rw.data.svc:5432/orders?user=app&password=pw', whole],
    ['jdbc:postgresql://db/orders?user=app&password=p%2Bw+1', { ...whole, password: 'p+w 1', host: 'db' }],
    ['jdbc:postgresql:orders?user=app&password=pw', { user: 'app', password: 'pw', database: 'orders' }],
    ['postgresql://app:pw@[fd00::1]:5432/orders', { user: 'app', password: 'pw', database: 'orders' }],
    ['host=orders-rw.data.svc port=5432 dbname=orders user=app password=pw', whole],
    [
      "user=app password='it''s' dbname = 'x y'",
      // libpq escapes by a backslash; two quotes end one value and begin nothing.
      { password: "user=app password='it''s' dbname = 'x y'" },
    ],
    [
      "user=app password='it\\'s a \\\\' dbname = 'x y'",
      { user: 'app', password: "it's a \\", database: 'x y' },
    ],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    'postgresql://app:pw@a:5432,b:5433/orders?target_session_attrs=read-write',
    'jdbc:postgresql://a,b/orders?user=app&password=pw',
    'host=a,b user=app password=pw dbname=orders',
  ])('of several hosts names none of them: %s', (text) => {
    expect(read(text)).toEqual({ user: 'app', password: 'pw', database: 'orders' });
  });

  it.each([
    'postgresql://app@db/orders',
    'postgresql://db',
    'postgresql://app:@db',
    'postgresql://app:%zz@db',
    'host=db user=app',
    '{"username":"app"}',
    '{"uri":"postgres://db/x"}',
  ])('without a password is not taken for one: %s', (text) => {
    expect(read(text)).toBe('no-password');
  });
});

describe('the JSON of a secret store', () => {
  it.each<[object, object]>([
    [
      { username: 'app', password: 'pw', engine: 'postgres', host: 'db', port: 5432, dbname: 'orders' },
      { user: 'app', password: 'pw', database: 'orders', host: 'db' },
    ],
    [
      { user: 'app', password: ' pw ', database: 'orders' },
      { user: 'app', password: ' pw ', database: 'orders' },
    ],
    [
      { uri: 'postgresql://app:pw@db/orders?sslmode=verify-full' },
      { ...whole, host: 'db', sslmode: 'verify-full' },
    ],
  ])('%j', (value, expected) => {
    expect(read(JSON.stringify(value))).toEqual(expected);
  });
});

it.each([
  'pw',
  ' pw\n',
  'password=pw',
  'a=b c=d',
  '{pw',
  '{"a":',
  '[1]',
  'postgres',
  'postgres:pw',
  'mysql://app:pw@db',
  '\uFEFFpw',
])('takes what is none of these for the password itself: %j', (text) => {
  expect(read(text)).toEqual({ password: text });
});

it('names nobody who cannot be shown, and no host that is none', () => {
  expect(read('postgresql://a%0Ab:pw@db/x%00y')).toEqual({ password: 'pw', host: 'db' });
  expect(read('{"username":"app","password":"pw","host":"../x"}')).toEqual({ user: 'app', password: 'pw' });
  expect(read(`postgresql://${'a'.repeat(254)}:pw@db?sslmode=maybe`)).toEqual({ password: 'pw', host: 'db' });
});
