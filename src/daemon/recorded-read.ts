import { AppError } from '../base/app-error.ts';
import type { AuditedSecret } from '../contract/audit-event.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** Told of each reading of a secret, of one that failed too: where from, never what. */
export type OnRead = (definition: TunnelDefinition, secret: AuditedSecret, error?: ErrorData) => void;

/** Reads, and tells of it whatever comes of it. */
export async function recordedRead<T>(
  {
    definition,
    secret,
    onRead,
  }: Readonly<{
    definition: TunnelDefinition;
    secret: AuditedSecret;
    onRead: OnRead | undefined;
  }>,
  read: () => Promise<T>,
): Promise<T> {
  try {
    const found = await read();
    onRead?.(definition, secret);
    return found;
  } catch (error) {
    onRead?.(definition, secret, AppError.from(error).toData());
    throw error;
  }
}
