/**
 * Receivers of the audit log as the settings name them. Settings hold no secret: tokens and keys are in files of their own, which are read
 * when the daemon starts.
 */
import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { Destination } from '../audit/ship/destination.ts';
import type { HttpTarget } from '../audit/ship/http-post.ts';
import { otlp } from '../audit/ship/otlp.ts';
import { syslog } from '../audit/ship/syslog.ts';
import { webhook } from '../audit/ship/webhook.ts';
import { AppError } from '../base/app-error.ts';
import { expandHome } from '../base/home-path.ts';
import { readBounded } from '../base/read-bounded.ts';
import { Secret } from '../base/secret.ts';

const maxFileBytes = 256 * 1024;

const file = z.string().min(1).max(4_096);
const named = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens, at most 32')
    .describe('Names its place on disk: another name begins anew.'),
};
const certificates = {
  ca: file.describe('Certificates of authorities to trust instead of the usual ones, PEM.').optional(),
  certificate: z.strictObject({ cert: file, key: file }).describe("The client's own, PEM.").optional(),
};
const http = {
  ...named,
  ...certificates,
  url: z.url({ protocol: /^https?$/ }).describe('https, or http to this machine.'),
  tokenFile: file.describe('Its text is sent as the bearer token.').optional(),
};

export const shipperSettingsSchema = z.discriminatedUnion('to', [
  z.strictObject({ to: z.literal('otlp'), ...http }),
  z.strictObject({
    to: z.literal('webhook'),
    ...http,
    hmacKeyFile: file.describe('Its text signs each body.').optional(),
  }),
  z.strictObject({
    to: z.literal('syslog'),
    ...named,
    ...certificates,
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535).optional(),
    serverName: z.string().min(1).max(253).optional(),
  }),
]);

export type ShipperSettings = z.infer<typeof shipperSettingsSchema>;

interface DestinationWorld {
  readonly version: string;
  readonly hostName: string;
  readonly home: string;
}

/** Throws SP-USAGE that names the file that cannot be read. */
export async function createDestination(
  settings: ShipperSettings,
  { version, hostName, home }: DestinationWorld,
): Promise<Destination> {
  const text = (path: string) => readText(path, home);
  const secret = async (path: string) => new Secret((await text(path)).trim());
  const tls = {
    ...(settings.ca !== undefined && { ca: await text(settings.ca) }),
    ...(settings.certificate && {
      certificate: {
        cert: await text(settings.certificate.cert),
        key: new Secret(await text(settings.certificate.key)),
      },
    }),
  };
  if (settings.to === 'syslog') {
    const { host, port, serverName } = settings;
    return syslog({
      host,
      hostName,
      ...tls,
      ...(port !== undefined && { port }),
      ...(serverName !== undefined && { serverName }),
    });
  }
  const { url, tokenFile } = settings;
  const target: HttpTarget = {
    url: new URL(url),
    ...tls,
    ...(tokenFile !== undefined && {
      headers: { authorization: new Secret(`Bearer ${(await secret(tokenFile)).reveal()}`) },
    }),
  };
  if (settings.to === 'otlp') return otlp({ ...target, version, hostName });
  const { hmacKeyFile } = settings;
  return webhook({ ...target, ...(hmacKeyFile !== undefined && { hmacKey: await secret(hmacKeyFile) }) });
}

async function readText(path: string, home: string): Promise<string> {
  const full = expandHome(path, home);
  if (!isAbsolute(full)) throw new AppError('SP-USAGE', { message: `${path} is no absolute path` });
  const read = await readBounded(full, maxFileBytes);
  if (read.kind === 'text') return read.text;
  const why = read.kind === 'absent' ? 'is not there' : read.why;
  throw new AppError('SP-USAGE', { message: `${path} ${why}` });
}
