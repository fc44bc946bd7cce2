import { profileNameSchema } from '../src/contract/profile.ts';

export const linkScheme = 'sallyport';

/** What a link asks for. Anybody can write one, so it names a profile that is known here, and is asked about first. */
export interface DeepLink {
  readonly kind: 'up';
  readonly name: string;
}

/** sallyport://up/NAME, and nothing more: no reason, no target, no way around a question. Undefined for everything else. */
export function parseDeepLink(text: string): DeepLink | undefined {
  if (text.length > 256) return undefined;
  const [, name] = /^sallyport:\/\/up\/([^/?#]+)\/?$/.exec(text) ?? [];
  return profileNameSchema.safeParse(name).success ? { kind: 'up', name: name! } : undefined;
}

/** A second start of the app is given the link among its arguments, on Windows and Linux. */
export function linkAmong(args: readonly string[]): DeepLink | undefined {
  const text = args.find((arg) => arg.startsWith(`${linkScheme}://`));
  return text === undefined ? undefined : parseDeepLink(text);
}
